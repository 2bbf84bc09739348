package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// slowly answers each message after a second, which costs so many tokens.
func slowly(tokens int64) *agent {
	return &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return core.Reply{}, ctx.Err()
		}
		r := says("no")
		r.Usage = core.Usage{InputTokens: tokens}
		return r, nil
	}}
}

// ended is what a test looks at after a run: nothing is left open.
func (s *scene) ended(a *agent) record.Summary {
	s.t.Helper()
	summary := s.run(s.t.Context())
	if open, _, _ := a.counts(); open != 0 {
		s.t.Errorf("%d conversations are open after the run", open)
	}
	if got := len(s.diary.results); got != summary.Tally.Total() {
		s.t.Errorf("%d trials have an outcome, and the summary counts %d", got, summary.Tally.Total())
	}
	return summary
}

func TestARunStopsAtABoundOfItsScope(t *testing.T) {
	prices := cost.Prices{Currency: "USD", Targets: map[string]cost.Price{"agent": {InputText: 1000}}}
	for name, test := range map[string]struct {
		scope   scope.Bounds
		sent    int
		done    int
		stopped string
	}{
		// Four conversations of two turns at a time, ten of them.
		"no bound": {scope.Bounds{}, 20, 10, ""},
		"turns, between two messages of all conversations": {
			scope.Bounds{MaxTurns: 12}, 12, 4, "scope.max_turns: 12 of 12 turns are used (the run used 12 turns, 1200 tokens, 1.2000 USD, 3s)",
		},
		"turns, for some of the conversations": {
			scope.Bounds{MaxTurns: 7}, 7, 3, "scope.max_turns: 7 of 7 turns are used (the run used 7 turns, 700 tokens, 0.7000 USD, 2s)",
		},
		"turns, as many as there are": {scope.Bounds{MaxTurns: 20}, 20, 10, ""},
		"turns, fewer than conversations": {
			scope.Bounds{MaxTurns: 1}, 1, 0, "scope.max_turns: 1 of 1 turns are used (the run used 1 turns, 100 tokens, 0.1000 USD, 1s)",
		},
		// One message alone, to know what one uses; then four at a time.
		"tokens": {
			scope.Bounds{MaxTokens: 650}, 6, -1, "scope.max_tokens: 600 of 650 tokens are used; the next message may use 100 (the run used 6 turns, 600 tokens, 0.6000 USD, 3s)",
		},
		"cost": {
			scope.Bounds{MaxCost: 0.65}, 6, -1, "scope.max_cost: 0.6000 of 0.65 USD are used; the next message may use 0.1000 (the run used 6 turns, 600 tokens, 0.6000 USD, 3s)",
		},
		"time, while replies are awaited": {
			scope.Bounds{MaxDuration: 2500 * time.Millisecond}, 12, 4, "scope.max_duration: 2.5s are over (the run used 12 turns, 800 tokens, 0.8000 USD, 2.5s)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := slowly(100)
				s := newScene(t, a, "one", "two")
				s.times(10)
				s.plan.Bounds, s.plan.Prices = test.scope, prices
				summary := s.ended(a)
				if _, _, sent := a.counts(); sent != test.sent {
					t.Errorf("%d messages were sent, want %d", sent, test.sent)
				}
				if done := summary.Tally.Total(); test.done >= 0 && done != test.done {
					t.Errorf("%d trials have an outcome, want %d", done, test.done)
				}
				if !strings.HasPrefix(summary.Stopped, test.stopped) || test.stopped == "" && summary.Stopped != "" {
					t.Errorf("stopped by %q, want %q", summary.Stopped, test.stopped)
				}
				if summary.Interrupted {
					t.Error("the run counts as interrupted")
				}
			})
		})
	}
}

func TestATrialWhoseMessageIsNotSentIsLeftAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := slowly(1)
		s := newScene(t, a, "one", "two", "three")
		s.plan.Bounds.MaxTurns = 2
		s.ended(a)
		turns := s.diary.recorded("polite/1")
		if len(turns) != 2 || turns[1].Reply == nil || turns[1].Failure != nil {
			t.Errorf("turns %+v, want the two that were answered", turns)
		}
	})
}

func TestMessagesOfOneExchangeAreSentTogetherOrNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanged := 0
		a := &agent{exchange: func(_ context.Context, messages []core.Message) ([]core.Reply, error) {
			exchanged += len(messages)
			return []core.Reply{says("no"), says("no")}, nil
		}}
		s := newScene(t, a, "one", "two")
		s.trial().Turns[1].Delivery.InterruptAfter = time.Second
		s.times(2)
		s.plan.Bounds.MaxTurns = 3
		if summary := s.ended(a); !strings.HasPrefix(summary.Stopped, "scope.max_turns: 2 of 3 turns") || exchanged != 2 {
			t.Errorf("stopped by %q after %d messages", summary.Stopped, exchanged)
		}
	})
}

func TestHelpersUseTheSameBudget(t *testing.T) {
	for name, judgesAnyway := range map[string]bool{"the scorer fails": false, "the scorer judges anyway": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, judge := slowly(1), slowly(1)
				s := newScene(t, a, "one", "two")
				s.plan.Targets = append(s.plan.Targets, plan.Target{Component: component("judge"), Limits: scope.Limits{Concurrency: 4}})
				s.shelf.targets["judge"] = judge
				s.scoredBy("asked", score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
					talk, err := s.shelf.helpers["judge"].StartConversation(ctx, core.Start{})
					if err == nil {
						defer func() { _ = talk.End(ctx) }()
						_, err = talk.Send(ctx, core.UserText("is it?"))
					}
					if err != nil && !judgesAnyway {
						return core.Score{}, err
					}
					return core.BoolScore(false, "no"), nil
				}), core.Text)
				s.success("leaked || asked")
				s.plan.Bounds.MaxTurns = 3
				summary := s.ended(a)
				if _, _, sent := judge.counts(); sent != 1 {
					t.Errorf("the judge was asked %d times, want once", sent)
				}
				if summary.Tally.Total() != 0 || !strings.HasPrefix(summary.Stopped, "scope.max_turns: 3 of 3") {
					t.Errorf("%d outcomes, stopped by %q; want none, and the bound", summary.Tally.Total(), summary.Stopped)
				}
				if helped := s.diary.helped["polite/1"]; len(helped) != 1 {
					t.Errorf("%d turns with helpers are recorded, want the one that was sent", len(helped))
				}
			})
		})
	}
}

func TestATargetThatDoesNotSayWhatItUsesIsEstimated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := slowly(0)
		s := newScene(t, a, strings.Repeat("word", 10)) // of ten tokens, and one for the reply
		s.times(5)
		s.plan.Bounds.MaxTokens = 25
		if summary := s.ended(a); !strings.HasPrefix(summary.Stopped, "scope.max_tokens: 22 of 25 tokens are used; the next message may use 11") {
			t.Errorf("stopped by %q", summary.Stopped)
		}
		want := `target "agent" does not say how many tokens it uses: the bounds of scope count an estimate`
		if got := s.seen.warnings(); len(got) != 1 || got[0] != want {
			t.Errorf("warnings %q, want %q once", got, want)
		}
	})
}

func TestARunKeepsToItsWindow(t *testing.T) {
	// In a bubble it is midnight, the first of January 2000, a Saturday.
	for name, test := range map[string]struct {
		window  scope.Window
		refused string
		stopped string
	}{
		"closed": {
			window:  scope.Window{From: time.Hour, To: 2 * time.Hour},
			refused: "scope.window: no run is allowed now: the window is every day 01:00-02:00 UTC; it opens on Sat 1 Jan 2000 at 01:00 UTC",
		},
		"closing during the run": {
			window:  scope.Window{Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, To: time.Minute},
			stopped: "scope.window: it closed (fri 22:00-00:01 UTC) (the run used 4 turns, 2 tokens, 1.5s)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := slowly(1)
				s := newScene(t, a, "one", "two")
				s.times(3)
				s.plan.Targets[0].Limits.Concurrency = 2
				if test.stopped != "" {
					time.Sleep(58500 * time.Millisecond)
				}
				test.window.Zone = time.UTC
				s.plan.Bounds.Window = &test.window
				summary, err := engine.Run(t.Context(), s.plan, s.options())
				if test.refused != "" {
					if core.KindOf(err) != core.ErrorConfig || err.Error()+"; "+core.HintOf(err) != test.refused || len(s.shelf.opened) > 0 {
						t.Errorf("got %v (%s), opened %v; want %s and nothing opened", err, core.HintOf(err), s.shelf.opened, test.refused)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if summary.Stopped != test.stopped {
					t.Errorf("stopped by %q, want %q", summary.Stopped, test.stopped)
				}
			})
		})
	}
}

func TestASignalIsNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := slowly(1)
		s := newScene(t, a, "one", "two")
		s.plan.Bounds.MaxDuration = time.Hour
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, errors.New("a signal"))
		defer cancel()
		if summary := s.run(ctx); !summary.Interrupted || summary.Stopped != "" {
			t.Errorf("interrupted %v, stopped by %q; want only the former", summary.Interrupted, summary.Stopped)
		}
	})
}
