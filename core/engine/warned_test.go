package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// lossy makes audio of text, and warns of the vowels that it loses.
func lossy(failure error) convert {
	return func(ctx context.Context, in core.Value) (core.Value, error) {
		core.Warn(ctx, "cannot say %q, nor s3cret", in.Text())
		return core.TextValue(strings.Map(func(r rune) rune {
			if strings.ContainsRune("aeiou", r) {
				return -1
			}
			return r
		}, in.Text())), failure
	}
}

func TestWhatAConverterWarnsOfIsRecordedWithTheTurn(t *testing.T) {
	s := newScene(t, &agent{}, "hello", "code")
	s.redact = secret.NewRedactor()
	s.redact.Add("s3cret")
	s.converter("speak", lossy(nil))
	s.trial().Turns[0].Parts[0].Converters = []string{"speak"}
	s.run(t.Context())
	want := `converter "speak": cannot say "hello", nor [redacted]`
	turns := s.diary.recorded("polite/1")
	if got := turns[0].Reply.Warnings; !slices.Equal(got, []string{want}) {
		t.Errorf("turn 1 warns of %q, want %q", got, want)
	}
	if got := turns[1].Reply.Warnings; len(got) != 0 {
		t.Errorf("turn 2 warns of %q, want nothing", got)
	}
	if got := s.seen.warnings(); !slices.Equal(got, []string{"turn 1: " + want}) {
		t.Errorf("reported %q", got)
	}
}

func TestAWarningOfATurnWithoutAReplyIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		converting error
		answer     func(context.Context, []core.Message) (core.Reply, error)
	}{
		"the converter fails":       {errors.New("hoarse"), nil},
		"the target does not reply": {nil, func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, errors.New("gone") }},
	} {
		s := newScene(t, &agent{answer: test.answer}, "hello")
		s.converter("speak", lossy(test.converting))
		s.trial().Turns[0].Parts[0].Converters = []string{"speak"}
		want(t, s.outcome(), core.Errored)
		if got := s.seen.warnings(); len(got) == 0 || !strings.HasPrefix(got[0], `turn 1: converter "speak": cannot say`) {
			t.Errorf("%s: reported %q", name, got)
		}
	}
}

func TestWhatAConverterOfAScorerWarnsOfIsPartOfTheScore(t *testing.T) {
	s := newScene(t, &agent{}, "code")
	s.converter("listen", lossy(nil))
	s.scoredBy("again", contains("x"), core.Text, "listen")
	s.scoredBy("heard", contains("x"), core.Text, "listen")
	s.success("again || heard")
	s.run(t.Context())
	scores := s.diary.recorded("polite/1")[0].Scores
	for _, score := range scores {
		if isHeard := score.Name != "leaked"; isHeard != strings.Contains(score.Rationale, `converter "listen": cannot say`) {
			t.Errorf("score %s: %q", score.Name, score.Rationale)
		}
	}
	if got := s.seen.warnings(); len(got) != 1 || !strings.HasPrefix(got[0], `turn 1: converter "listen": cannot say`) {
		t.Errorf("reported %q, want it once for both scorers", got)
	}
}

func TestEveryConverterOfATurnMayWarn(t *testing.T) {
	s := newScene(t, &agent{}, "hello")
	s.converter("first", lossy(nil))
	s.converter("second", lossy(nil))
	s.trial().Turns[0].Parts[0].Converters = []string{"first", "second"}
	s.trial().Turns[0].Parts = append(s.trial().Turns[0].Parts, s.trial().Turns[0].Parts[0])
	s.run(t.Context())
	var of []string
	for _, w := range s.diary.recorded("polite/1")[0].Reply.Warnings {
		of = append(of, strings.Fields(w)[1])
	}
	if !slices.Equal(of, []string{`"first":`, `"second":`, `"first":`, `"second":`}) {
		t.Errorf("warnings of %q", of)
	}
}

func TestNoSecretIsKeptInTheWarningOfARecordedCall(t *testing.T) {
	s := newScene(t, &agent{}, "hello")
	s.redact = secret.NewRedactor()
	s.redact.Add("s3cret")
	s.converter("speak", lossy(nil))
	s.trial().Turns[0].Parts[0].Converters = []string{"speak"}
	warned := 0
	for _, c := range s.replayed() {
		for _, w := range c.Answer.Warnings {
			if warned++; strings.Contains(w, "s3cret") {
				t.Errorf("a call is recorded with the warning %q", w)
			}
		}
	}
	if warned == 0 {
		t.Error("no call is recorded with a warning")
	}
}
