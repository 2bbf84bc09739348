package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestAConversationThatCannotBeBegunIsTriedAgainByTheKindOfItsError(t *testing.T) {
	for name, test := range map[string]struct {
		kind    core.ErrorKind
		retries int
		tries   int
	}{
		"unreachable":         {core.ErrorUnavailable, 3, 4},
		"a key that is wrong": {core.ErrorAuth, 4, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				a := &agent{start: func(context.Context, core.Start) error {
					tries++
					return core.Errorf(test.kind, "no")
				}}
				s := newScene(t, a, "hello")
				s.plan.Targets[0].Limits.Retries = test.retries
				want(t, s.outcome(), core.Errored, "no")
				if tries != test.tries {
					t.Errorf("it was tried %d times, want %d", tries, test.tries)
				}
			})
		})
	}
}

func TestAMessageThatWasRefusedIsSentAgainAndTheRecordSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals := 2
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			if refusals > 0 {
				refusals--
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
			}
			return says("no"), nil
		}}
		s := newScene(t, a, "one", "two")
		s.plan.Targets[0].Limits.Retries = 4
		want(t, s.outcome(), core.Defended)
		turns := s.diary.recorded(s.trial().ID)
		if got := strings.Join(turns[0].Reply.Warnings, "\n"); got != "the service refused the message 2 times because of its limits; it was sent again" {
			t.Errorf("the first turn's warnings: %q", got)
		}
		if len(turns) != 2 || turns[1].Reply.Warnings != nil {
			t.Errorf("turns %+v, want two, the second without a warning", turns)
		}
		if took := turns[0].Ended.Sub(turns[0].Started); took != 0 {
			t.Errorf("the turn took %s, want the time since it was sent the last time", took)
		}
		if got := s.seen.warnings(); len(got) != 2 || got[0] != `target "agent" refuses what is sent to it because of its limits; it is sent less from now on` {
			t.Errorf("warnings %q, want that the service refuses, and that of the turn", got)
		}
	})
}

func TestAServiceThatRefusesForeverIsGivenUpAfterTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
		}}
		s := newScene(t, a, "one")
		s.plan.Targets[0].Limits.Retries = 4
		begun := time.Now()
		want(t, s.outcome(), core.Errored, "HTTP 429", "the service had refused the message")
		if took := time.Since(begun); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("it was given up after %s", took)
		}
	})
}

// A request that waits fails with the context's error, one that would be tried again
// with its own: neither is an outcome.
func TestAnInterruptedRunWaitsForNothing(t *testing.T) {
	for name, test := range map[string]struct {
		start             error
		requestsPerMinute int
	}{
		"for a limit":  {nil, 1},
		"to try again": {core.Errorf(core.ErrorTimeout, "no"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, &agent{start: func(context.Context, core.Start) error { return test.start }}, "hello")
				s.plan.Targets[0].Limits = scope.Limits{Concurrency: 2, Retries: 100, RequestsPerMinute: test.requestsPerMinute}
				s.times(6)
				const after = 456 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				begun := time.Now()
				summary := s.run(ctx)
				if took := time.Since(begun); took != after || !summary.Interrupted || summary.Tally.Errored > 0 {
					t.Errorf("it ended after %s as %+v, want it interrupted after %s", took, summary, after)
				}
			})
		})
	}
}

func TestTheRequestsOfTrialsAndHelpersAreCountedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{}
		s := newScene(t, a, "hello")
		s.shelf.scorers["leaked"] = s.judge("agent")
		s.plan.Targets[0].Limits.RequestsPerMinute = 60
		s.times(60)
		begun := time.Now()
		s.run(t.Context())
		if took := time.Since(begun); took < 118*time.Second || took > 122*time.Second {
			t.Errorf("60 messages of trials and 60 of their judge took %s, want two minutes at 60 a minute", took)
		}
	})
}
