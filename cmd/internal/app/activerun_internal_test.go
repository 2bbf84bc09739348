package app

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// steps is a Reporter that keeps the order of what it is told.
type steps struct {
	comparisons
	all []string
}

func (s *steps) Begin(string, int, map[string]core.Outcome) { s.all = append(s.all, "begin") }

func (s *steps) Finish() { s.all = append(s.all, "finish") }

func TestNothingOfARunGoesOnOnceItIsExecuted(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer goleak.VerifyNone(t)
	defer s.Close()
	told := &steps{}
	run := &activeRun{
		plan: &plan.Plan{Name: "empty"}, store: s, reporter: told,
		follow:  &followers{log: eventlog.New(eventlog.Options{Warn: func(string) {}})},
		options: engine.Options{Components: engine.Components{Opener: func(core.Targets) core.Opener { return nil }}},
		begin: func(ctx context.Context) (*store.Journal, error) {
			return s.CreateRun(ctx, store.Run{Campaign: "empty", Started: time.Now()})
		},
		goOn: func(string) string { return "" },
	}
	summary, err := run.execute(t.Context(), func() error { told.all = append(told.all, "stop"); return nil })
	if err != nil || summary.Planned != 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if want := []string{"begin", "finish", "stop"}; len(told.all) != len(want) || told.all[0] != want[0] || told.all[1] != want[1] || told.all[2] != want[2] {
		t.Errorf("told %q, want %q", told.all, want)
	}
	// Nothing looks for a request to stop any more, so this may not end anything.
	if err := run.finish(record.Summary{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := run.follow.close(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Run(t.Context(), run.journal.Load().Run())
	if err != nil || got.Status != store.Finished {
		t.Errorf("the run is %s, %v", got.Status, err)
	}
}

func TestAnOutcomeIsALine(t *testing.T) {
	for _, test := range []struct {
		outcome Outcome
		want    string
	}{
		{Outcome{}, ""},
		{Outcome{Run: "a", Verdict: Clean, Why: "nothing found"}, "nothing found"},
		{Outcome{Run: "a", Verdict: Findings, Why: "findings", Headline: "worse: 1 new finding"}, "findings; compared with the baseline: worse: 1 new finding"},
	} {
		if got := test.outcome.String(); got != test.want {
			t.Errorf("%+v is %q, want %q", test.outcome, got, test.want)
		}
	}
}
