package view

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestTheTableFitsInto80ColumnsAndKeepsTheOrder(t *testing.T) {
	var rows stats.Rows
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "studio"}, core.Defended, 1)
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "phone"}, core.Errored, 1)
	rows.Add(stats.Of{Attack: "a-story-told-by-phone", Target: "agent"}, core.Undetermined, 1)
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "studio"}, core.Succeeded, 1)
	var out strings.Builder
	Outcomes(&out, rows, 6)
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
	Failures(&out, counts)
	want := "\nerrors:\n  2 trials: gone\n    hint: is it running?\n  1 trial: odd\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	for i := range 6 {
		counts = append(counts, failed(strings.Repeat("x", i+1), ""))
	}
	out.Reset()
	Failures(&out, counts)
	if !strings.HasSuffix(out.String(), "  and 3 more reasons\n") {
		t.Errorf("printed %q, which does not count the rest", out.String())
	}
	out.Reset()
	Failures(&out, []store.Count{{Outcome: core.Defended, Trials: 1}})
	if out.Len() > 0 {
		t.Errorf("printed %q although nothing errored", out.String())
	}
}

func TestAReasonIsCutToATerminalOnly(t *testing.T) {
	long := strings.Repeat("é", 100)
	for _, test := range []struct{ width, taken, letters int }{
		{40, 10, 30}, {5, 10, 20}, {0, 10, 100}, {110, 10, 100},
	} {
		if got := []rune(fit(long, test.width, test.taken)); len(got) != test.letters {
			t.Errorf("cut to %d columns without %d: %d letters, want %d", test.width, test.taken, len(got), test.letters)
		}
	}
}
