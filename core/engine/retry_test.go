package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
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
		"unreachable":                   {core.ErrorUnavailable, 3, 4},
		"no answer in time":             {core.ErrorTimeout, 2, 3},
		"no retries":                    {core.ErrorUnavailable, 0, 1},
		"refused, no retries":           {core.ErrorRateLimited, 0, 1},
		"a key that is wrong":           {core.ErrorAuth, 4, 1},
		"a configuration that is wrong": {core.ErrorConfig, 4, 1},
		"something it cannot do":        {core.ErrorUnsupported, 4, 1},
		"something it cannot take":      {core.ErrorInput, 4, 1},
		"a broken protocol":             {core.ErrorProtocol, 4, 1},
		"a bug":                         {core.ErrorInternal, 4, 1},
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

func TestAMessageThatMayHaveArrivedIsNeverSentTwice(t *testing.T) {
	for _, kind := range core.ErrorKinds() {
		if kind == core.ErrorRateLimited {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
					return core.Reply{}, core.Errorf(kind, "no")
				}}
				s := newScene(t, a, "hello")
				s.plan.Targets[0].Limits.Retries = 4
				want(t, s.outcome(), core.Errored, "no")
				if _, _, sent := a.counts(); sent != 1 {
					t.Errorf("it was sent %d times", sent)
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

func TestAnExchangeOfWhichSomethingWasAnsweredIsNotHeldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanges := 0
		a := &agent{exchange: func(context.Context, []core.Message) ([]core.Reply, error) {
			exchanges++
			return []core.Reply{cutOff("well")}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
		}}
		s := newScene(t, a, "one")
		s.trial().Turns = append(s.trial().Turns, over(say("now!")))
		s.plan.Targets[0].Limits.Retries = 4
		want(t, s.outcome(), core.Errored, "HTTP 429")
		if exchanges != 1 {
			t.Errorf("it was held %d times", exchanges)
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

func TestTheWaitForALimitIsNoTimeInWhichAMessageFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		refused := false
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			if !refused && time.Since(begun) > 12*time.Minute {
				refused = true
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
			}
			return says("no"), nil
		}}
		s := newScene(t, a, "one")
		s.plan.Targets[0].Limits = scope.Limits{Concurrency: 20, Retries: 4, RequestsPerMinute: 1}
		s.times(15)
		if summary := s.run(t.Context()); summary.Tally.Defended != 15 || !refused {
			t.Errorf("%+v, want the message that was refused after a long wait sent again", summary.Tally)
		}
	})
}

func TestAnInterruptedRunWaitsForNothing(t *testing.T) {
	// failing begins some conversations, and then no more.
	failing := func(after int, kind core.ErrorKind) *agent {
		var begun atomic.Int32
		return &agent{start: func(context.Context, core.Start) error {
			if int(begun.Add(1)) > after {
				return core.Errorf(kind, "no")
			}
			return nil
		}}
	}
	for name, test := range map[string]struct {
		agent            *agent
		requests, tokens int
	}{
		"for the limit of requests":            {&agent{}, 1, 0},
		"for the limit of tokens":              {&agent{}, 0, 1},
		"for a service that refuses":           {failing(4, core.ErrorRateLimited), 0, 0},
		"to try again":                         {failing(0, core.ErrorTimeout), 0, 0},
		"for a target that has gone down":      {failing(4, core.ErrorUnavailable), 0, 0},
		"for the one that tries such a target": {failing(4, core.ErrorUnavailable), 6, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, test.agent, "hello")
				s.plan.Targets[0].Limits = scope.Limits{
					Concurrency: 2, Retries: 100, RequestsPerMinute: test.requests, TokensPerMinute: test.tokens,
				}
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
