package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func TestEveryErrorHasItsExitCode(t *testing.T) {
	broken := errors.New("the disk is full")
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"no error":                             {nil, 0},
		"findings":                             {conclusion{exitFindings}, 1},
		"findings, and then the store failed":  {errors.Join(conclusion{exitFindings}, broken), 1},
		"no evidence":                          {conclusion{exitNoEvidence}, 3},
		"interrupted":                          {conclusion{exitInterrupted}, 130},
		"interrupted before the first trial":   {fmt.Errorf("asking: %w", context.Canceled), 130},
		"a wrong flag":                         {usagef("unknown flag"), 2},
		"a wrong campaign":                     {wrongCampaign{yamlfile.Problems{{Message: "no"}}, nil}, 2},
		"a wrong campaign among unreadable":    {errors.Join(broken, wrongCampaign{yamlfile.Problems{{Message: "no"}}, nil}), 2},
		"a configuration that is refused":      {fmt.Errorf("run 1: %w", core.Errorf(core.ErrorConfig, "no such voice")), 2},
		"credentials that are refused":         {core.Errorf(core.ErrorAuth, "no"), 3},
		"the run could not be recorded":        {fmt.Errorf("run 1: %w", broken), 3},
		"a deadline that nobody speaks of":     {context.DeadlineExceeded, 3},
		"a wrong flag that names cancellation": {usagef("%w", context.Canceled), 2},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", name, got, test.want)
		}
	}
}

func TestARunIsJudgedByItsFindingsThenByItsEvidence(t *testing.T) {
	type tallies = []stats.Tally
	for name, test := range map[string]struct {
		attacks tallies
		limit   plan.Evidence
		end     end
		want    int
		why     string
	}{
		"all defended":                   {attacks: tallies{{Defended: 20}}, want: 0, why: "nothing found: the objective was reached in 0 of 20 trials"},
		"a finding":                      {attacks: tallies{{Succeeded: 1, Defended: 19}}, want: 1, why: "in 1 of 20 trials"},
		"a finding among errors":         {attacks: tallies{{Succeeded: 1, Errored: 19}}, want: 1, why: "findings: the objective was reached in 1 of 20 trials; 19 gave no evidence"},
		"a finding beside a dead attack": {attacks: tallies{{Errored: 33}, {Succeeded: 27}}, want: 1, why: "findings: the objective was reached in 27 of 60 trials; 33 gave no evidence"},
		"one error, none allowed":        {attacks: tallies{{Defended: 19, Errored: 1}}, want: 3, why: `attack "0": 1 of 20 trials errored, and the campaign allows 0%`},
		"one undetermined, none allowed": {attacks: tallies{{Defended: 19, Undetermined: 1}}, want: 3, why: "1 of 20 trials undetermined"},
		"as many errors as allowed":      {attacks: tallies{{Defended: 93, Errored: 7}}, limit: plan.Evidence{MaxErrored: 0.07}, want: 0, why: "7 gave no evidence"},
		"more errors than allowed": {
			attacks: tallies{{Defended: 992, Errored: 8}}, limit: plan.Evidence{MaxErrored: 0.0075}, want: 3, why: "allows 0.75%",
		},
		"one attack has more errors than allowed, all of them together have not": {
			attacks: tallies{{Defended: 100}, {Defended: 1, Errored: 1}}, limit: plan.Evidence{MaxErrored: 0.1}, want: 3, why: `attack "1": 1 of 2 trials errored`,
		},
		"an attack without a judgement, which the limits allow": {
			attacks: tallies{{Defended: 100}, {Errored: 1, Undetermined: 1}}, limit: plan.Evidence{MaxErrored: 1, MaxUndetermined: 1}, want: 3,
			why: `attack "1": no trial was judged`,
		},
		"two attacks without evidence":    {attacks: tallies{{Errored: 1}, {Errored: 1}}, want: 3, why: "and so for 1 other attack"},
		"as many undetermined as allowed": {attacks: tallies{{Defended: 7, Undetermined: 3}}, limit: plan.Evidence{MaxUndetermined: 0.3}, want: 0},
		"undetermined is not errored":     {attacks: tallies{{Defended: 7, Undetermined: 3}}, limit: plan.Evidence{MaxErrored: 1}, want: 3},
		"no attack at all":                {want: 3, why: "no trial was judged"},
		"stopped":                         {attacks: tallies{{Defended: 1}}, end: interrupted, want: 130, why: "reached in 0 of 1 trial"},
		"stopped after a finding":         {attacks: tallies{{Succeeded: 1}}, end: interrupted, want: 130, why: "reached in 1 of 1 trial"},
		"at a bound":                      {attacks: tallies{{Defended: 9}}, end: bounded, want: 3, why: "no evidence: a bound of scope stopped the run before the end; the objective was reached in 0 of 9 trials"},
		"at a bound, after a finding":     {attacks: tallies{{Succeeded: 1, Defended: 9}}, end: bounded, want: 1, why: "findings"},
		"not recorded to its end":         {attacks: tallies{{Defended: 9}}, end: unrecorded, want: 3, why: "could not be recorded"},
		"not recorded, with a finding":    {attacks: tallies{{Succeeded: 1, Defended: 9}}, end: unrecorded, want: 1, why: "findings"},
	} {
		var rows []*row
		planned := 0
		for i, tally := range test.attacks {
			rows = append(rows, &row{name: strconv.Itoa(i), tally: tally})
			planned += tally.Total()
		}
		code, why := judgeRun(rows, planned, test.limit, test.end)
		if code != test.want || !strings.Contains(why, test.why) {
			t.Errorf("%s: %d, %q; want %d, %q", name, code, why, test.want, test.why)
		}
	}
}

func TestARunThatWasStoppedCountsTheTrialsThatNeverBegan(t *testing.T) {
	if code, why := judgeRun(nil, 400, plan.Evidence{}, interrupted); code != exitInterrupted || !strings.Contains(why, "0 of 400 trials; 400 gave no evidence") {
		t.Errorf("%d, %q", code, why)
	}
}

func TestTheTableFitsInto80ColumnsAndKeepsTheOrder(t *testing.T) {
	counts := []store.Count{
		{Attack: "zealous", Variant: "studio", Outcome: core.Defended, Trials: 1},
		{Attack: "zealous", Variant: "phone", Outcome: core.Errored, Trials: 1},
		{Attack: "a-story-told-by-phone", Outcome: core.Undetermined, Trials: 1},
		{Attack: "zealous", Variant: "studio", Outcome: core.Succeeded, Trials: 1},
	}
	var out strings.Builder
	writeTable(&out, rowsOf(counts), 6)
	want := `ATTACK                 TRIALS  SUCCEEDED  DEFENDED  UNDET.  ERRORED  ASR  95% CI
zealous                     3          1         1       0        1  50%   9-91%
  studio                    2          1         1       0        0  50%   9-91%
  phone                     1          0         0       0        1    -       -
a-story-told-by-phone       1          0         0       1        0    -       -
all                         4          1         1       1        1  50%   9-91%
2 trials never begun
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", &out, want)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 81 {
			t.Errorf("the line has %d columns: %s", len(line), line)
		}
	}
}

func TestAMistakeOnTheCommandLineGetsTheGeneralHintWhereNothingBetterIsSaid(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{usagef("no"), "orchestrator: error: no\norchestrator: hint: orchestrator help shows the commands and their flags\n"},
		{usagef("no").withHint("try"), "orchestrator: error: no\norchestrator: hint: try\n"},
		{usagef("no %q", "shwo").suggesting("shwo", []string{"list", "show"}), "orchestrator: error: no \"shwo\" (did you mean \"show\"?)\n"},
	} {
		var out strings.Builder
		printError(&out, test.err)
		if out.String() != test.want {
			t.Errorf("printed %q, want %q", out.String(), test.want)
		}
	}
}

func TestAnErrorIsPrintedWithItsHintAndNothingThatATerminalObeys(t *testing.T) {
	var out bytes.Buffer
	err := core.Errorf(core.ErrorAuth, "the server says \x1b]0;owned\x07\nno").WithHint("check \x9b2Jthe key")
	printError(printable{&out}, errors.Join(err, conclusion{exitFindings}))
	want := `orchestrator: error: the server says \u001b]0;owned\u0007
orchestrator: error: no
orchestrator: hint: check ` + "\uFFFD" + `2Jthe key
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

func TestARateIsRoundedToNothingOnlyIfItIsNothing(t *testing.T) {
	for rate, want := range map[float64]string{
		0: "0%", 0.0004: "<1%", 0.006: "1%", 0.25: "25%", 0.994: "99%", 0.9996: ">99%", 1: "100%",
	} {
		if got := percent(rate); got != want {
			t.Errorf("percent(%v) = %s, want %s", rate, got, want)
		}
	}
}

func TestTheReasonsOfErrorsAreShownOnceTheMostFrequentFirst(t *testing.T) {
	failed := func(message, hint string) store.Count {
		return store.Count{Outcome: core.Errored, Failure: &record.Failure{Message: message, Hint: hint}, Trials: 1}
	}
	counts := []store.Count{{Trials: 1}, failed("odd", ""), failed("gone", "is it\nrunning?"), failed("gone", "is it\nrunning?")}
	var out strings.Builder
	writeFailures(&out, counts)
	want := "\nerrors:\n  2 trials: gone\n    hint: is it running?\n  1 trial: odd\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	for i := range 6 {
		counts = append(counts, failed(strings.Repeat("x", i+1), ""))
	}
	out.Reset()
	writeFailures(&out, counts)
	if !strings.HasSuffix(out.String(), "  and 3 more reasons\n") {
		t.Errorf("printed %q, which does not count the rest", out.String())
	}
	out.Reset()
	writeFailures(&out, []store.Count{{Outcome: core.Defended, Trials: 1}})
	if out.Len() > 0 {
		t.Errorf("printed %q although nothing errored", out.String())
	}
}

func TestAReasonIsCutToATerminalOnly(t *testing.T) {
	long := strings.Repeat("é", 100)
	for _, test := range []struct {
		columns int
		wanted  bool
		letters int
	}{{30, true, 30}, {-5, true, 20}, {30, false, 100}, {100, true, 100}} {
		if got := []rune(cut(long, test.columns, test.wanted)); len(got) != test.letters {
			t.Errorf("cut to %d, %v: %d letters, want %d", test.columns, test.wanted, len(got), test.letters)
		}
	}
}
