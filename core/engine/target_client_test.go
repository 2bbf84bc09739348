package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// A target that answers and then hangs up is there: its trials fail, and wait for
// nothing.
func TestATargetThatHangsUpInAStandingConversationIsNotDown(t *testing.T) {
	lost := core.Errorf(core.ErrorUnavailable, "connection closed")
	for name, test := range map[string]struct {
		answers int // messages of each conversation, after which the connection is lost
		err     error
		down    bool
	}{
		"after a reply":                         {1, lost, false},
		"before one, which speaks of an answer": {0, lost.About(core.SubjectAnswer), false},
		"before one":                            {0, lost, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conversations := 0
				a := &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
					if len(heard) > test.answers && conversations > 1 {
						return core.Reply{}, test.err
					}
					return says("no"), nil
				}}
				a.start = func(context.Context, core.Start) error { conversations++; return nil }
				s := newScene(t, a, "one", "two")
				s.plan.Targets[0].Limits.Concurrency = 1
				s.plan.Targets[0].Limits.Retries = 4
				s.times(12)
				begun := time.Now()
				summary := s.run(t.Context())
				if summary.Tally.Errored != 11 {
					t.Errorf("%+v, want all but the first errored", summary.Tally)
				}
				down, took := len(seen[record.TargetDown](s)), time.Since(begun)
				if (down > 0) != test.down || (took > 0) != test.down {
					t.Errorf("it was down %d times, and took %s; want down: %v", down, took, test.down)
				}
			})
		})
	}
}

// The start of a conversation that is not answered in time says that the target cannot
// be reached, whether the time is the target's own or the campaign's.
func TestAStartThatIsNotAnsweredInTimeSaysThatATargetIsDown(t *testing.T) {
	timeout := core.Errorf(core.ErrorTimeout, "the service opened no session within 10s")
	for name, test := range map[string]struct {
		start func(context.Context) error
		down  bool
	}{
		"the target's time":                         {func(context.Context) error { return timeout }, true},
		"the campaign's":                            {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, true},
		"the target's, which speaks of this answer": {func(context.Context) error { return timeout.About(core.SubjectAnswer) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conversations := 0
				a := &agent{start: func(ctx context.Context, _ core.Start) error {
					if conversations++; conversations == 1 {
						return nil
					}
					return test.start(ctx)
				}}
				s := newScene(t, a, "one")
				s.plan.Targets[0].Limits.Concurrency = 1
				s.plan.Targets[0].Limits.Retries = 4
				s.times(4)
				_, err := engine.Run(t.Context(), s.plan, s.options())
				if isLost(err) != test.down {
					t.Errorf("Run: %v", err)
				}
				if down := len(seen[record.TargetDown](s)); (down > 0) != test.down {
					t.Errorf("it was down %d times, want down: %v", down, test.down)
				}
			})
		})
	}
}
