package limit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// priced is a budget in which a token of input costs a thousandth.
func priced(t testing.TB, b scope.Bounds) *limit.Budget {
	t.Helper()
	budget, err := limit.NewBudget(b, cost.Prices{Currency: "USD", Targets: map[string]cost.Price{"agent": {InputText: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	return budget
}

// slowly answers each message after a second, which uses so many tokens.
func slowly(tokens int64) func() (core.Reply, error) {
	return func() (core.Reply, error) {
		time.Sleep(time.Second)
		return uses(tokens), nil
	}
}

func TestNothingIsSentBeyondABound(t *testing.T) {
	for name, test := range map[string]struct {
		bounds  scope.Bounds
		sent    int
		took    time.Duration
		stopped string
	}{
		// Four conversations of two messages at a time, ten of them.
		"no bound":                    {scope.Bounds{}, 20, 6 * time.Second, ""},
		"turns":                       {scope.Bounds{MaxTurns: 12}, 12, 3 * time.Second, "scope.max_turns: 12 of 12 turns are used (the run used 12 turns, 1200 tokens, 1.2000 USD, 3s)"},
		"turns, as many as there are": {scope.Bounds{MaxTurns: 20}, 20, 6 * time.Second, ""},
		"turns, one less":             {scope.Bounds{MaxTurns: 19}, 19, 6 * time.Second, "scope.max_turns: 19 of 19 turns are used"},
		// One message alone, to know what one uses; then four at a time.
		"tokens":                        {scope.Bounds{MaxTokens: 650}, 6, 3 * time.Second, "scope.max_tokens: 600 of 650 tokens are used; the next message may use 100 (the run used 6 turns, 600 tokens, 0.6000 USD, 3s)"},
		"tokens, exactly":               {scope.Bounds{MaxTokens: 600}, 6, 3 * time.Second, "scope.max_tokens: 600 of 600 tokens are used"},
		"tokens, as many as are needed": {scope.Bounds{MaxTokens: 2000}, 20, 7 * time.Second, ""},
		"tokens, more than are needed":  {scope.Bounds{MaxTokens: 1_000_000}, 20, 7 * time.Second, ""},
		"cost":                          {scope.Bounds{MaxCost: 0.65}, 6, 3 * time.Second, "scope.max_cost: 0.6000 of 0.65 USD are used; the next message may use 0.1000 (the run used 6 turns, 600 tokens, 0.6000 USD, 3s)"},
		"cost, exactly":                 {scope.Bounds{MaxCost: 0.1}, 1, time.Second, "scope.max_cost: 0.1000 of 0.1 USD are used"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTargetWithin(t, scope.Limits{Concurrency: 4}, priced(t, test.bounds))
				a.answer = slowly(100)
				ctx, cancel := a.budget.Within(t.Context())
				defer cancel()
				begun := time.Now()
				a.converseAll(ctx, 10, 2)
				if _, sent := a.counts(); sent != test.sent {
					t.Errorf("%d messages were sent, want %d", sent, test.sent)
				}
				// With a bound of tokens the run is not slower than four at a time, once
				// it is known what a message uses.
				if took := time.Since(begun); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				for _, err := range a.failures {
					if !errors.Is(err, limit.ErrStopped) {
						t.Errorf("failed with %v", err)
					}
				}
				if got := a.budget.Conclude(ctx); !strings.HasPrefix(got, test.stopped) || test.stopped == "" && got != "" {
					t.Errorf("stopped by %q, want %q", got, test.stopped)
				}
				if test.stopped != "" {
					begun, sent := a.counts()
					_, started := a.begin(ctx)
					_, asked := a.send(ctx, false)
					if b, s := a.counts(); !errors.Is(started, limit.ErrStopped) || !errors.Is(asked, limit.ErrStopped) || b != begun || s != sent {
						t.Errorf("afterwards a start fails with %v and a message with %v", started, asked)
					}
				}
			})
		})
	}
}

// Whatever a message ends with, what was held back for it is free for the next.
func TestAReservationIsGivenBackHoweverARequestEnds(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, a *target){
		"an answer": func(t *testing.T, a *target) { _, _ = a.send(t.Context(), false) },
		"an error": func(t *testing.T, a *target) {
			a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorProtocol, "no") }
			_, _ = a.send(t.Context(), false)
		},
		"a refusal": func(t *testing.T, a *target) {
			a.answer = func() (core.Reply, error) {
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no").After(time.Second)
			}
			_, _ = a.send(t.Context(), false)
			time.Sleep(time.Minute)
		},
		"a context that ends while it waits": func(t *testing.T, a *target) {
			pause(t, a, time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_, _ = a.send(ctx, false)
			time.Sleep(time.Second)
		},
		"a context that ended before": func(t *testing.T, a *target) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = a.send(ctx, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTargetWithin(t, scope.Limits{Concurrency: 8}, newBudget(t, scope.Bounds{MaxTokens: 2000}))
				a.answer = slowly(100)
				for range 2 {
					_, _ = a.send(t.Context(), false)
				}
				for range 20 { // 100 tokens each are held back
					fail(t, a)
					if name == "an answer" {
						break
					}
				}
				a.answer = slowly(100)
				begun, done := time.Now(), make(chan error)
				for range 8 {
					go func() {
						_, err := a.send(t.Context(), false)
						done <- err
					}()
				}
				for range 8 {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
				most := time.Second
				if name == "a refusal" { // after which less is sent
					most = 5 * time.Second
				}
				if took := time.Since(begun); took > most {
					t.Errorf("eight messages at a time took %s, want at most %s", took, most)
				}
			})
		})
	}
}

func TestAMessageThatIsNotSentUsesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTargetWithin(t, scope.Limits{}, newBudget(t, scope.Bounds{MaxTurns: 2}))
		pause(t, a, time.Minute)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := a.send(ctx, false); errors.Is(err, limit.ErrStopped) {
				t.Error(err)
			}
			cancel()
		}
		for i := range 3 {
			if _, err := a.send(t.Context(), false); errors.Is(err, limit.ErrStopped) != (i == 2) {
				t.Errorf("message %d: %v", i+1, err)
			}
		}
	})
}

func TestWhoWaitsForWhatOthersUseIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTargetWithin(t, scope.Limits{Concurrency: 8}, newBudget(t, scope.Bounds{MaxTokens: 2000}))
		a.answer = slowly(100)
		go func() { _, _ = a.send(t.Context(), false) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := a.send(ctx, false)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 300*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		time.Sleep(time.Second)
	})
}

func TestMessagesThatAreSentAgainCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTargetWithin(t, scope.Limits{Retries: 4}, newBudget(t, scope.Bounds{MaxTurns: 2}))
		tries := 0
		a.answer = func() (core.Reply, error) {
			if tries++; tries%3 != 0 {
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no")
			}
			return says("no"), nil
		}
		for i := range 3 {
			_, err := a.send(t.Context(), false)
			if (err == nil) != (i < 2) {
				t.Errorf("message %d: %v", i+1, err)
			}
		}
	})
}

func TestMessagesOfOneExchangeAreSentTogetherOrNotAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTargetWithin(t, scope.Limits{}, newBudget(t, scope.Bounds{MaxTurns: 3}))
		sent := 0
		for i := range 2 {
			_, err := a.client.Do(t.Context(), limit.Request{Messages: make([]core.Message, 2), Make: func(context.Context) ([]core.Reply, error) {
				sent += 2
				return []core.Reply{says("no"), says("no")}, nil
			}})
			if (err == nil) != (i == 0) {
				t.Errorf("exchange %d: %v", i+1, err)
			}
		}
		if got := a.budget.Conclude(t.Context()); sent != 2 || !strings.HasPrefix(got, "scope.max_turns: 2 of 3 turns are used") {
			t.Errorf("stopped by %q after %d messages", got, sent)
		}
	})
}

func TestAllClientsOfARunShareItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := priced(t, scope.Bounds{MaxTokens: 350})
		agent := newTargetWithin(t, scope.Limits{}, b)
		agent.answer = slowly(100)
		judge := limit.NewClient("judge", scope.Limits{}, b, nil) // which has no price
		for range 2 {
			if _, err := agent.send(t.Context(), false); err != nil {
				t.Error(err)
			}
			_, err := judge.Do(t.Context(), limit.Request{Messages: make([]core.Message, 1), Make: func(context.Context) ([]core.Reply, error) {
				return []core.Reply{uses(50)}, nil
			}})
			if err != nil {
				t.Error(err)
			}
		}
		if !b.Exhausted("agent") || !b.Exhausted("judge") {
			t.Error("300 of 350 tokens are used, and a message to the agent uses 100")
		}
		want := "scope.max_tokens: 300 of 350 tokens are used; the next message may use 100 (the run used 4 turns, 300 tokens, 0.2000 USD, 2s)"
		if got := b.Conclude(t.Context()); got != want {
			t.Errorf("stopped by %q, want %q", got, want)
		}
	})
}

// What a bound still allows depends on what is spent and on the largest message to the
// target so far.
func TestABoundThatIsUsedUpHoldsForEveryTarget(t *testing.T) {
	for name, test := range map[string]struct {
		bounds    scope.Bounds
		uses      []int64 // by messages to the agent
		exhausted bool    // for the agent
	}{
		"tokens, used up":          {scope.Bounds{MaxTokens: 500}, []int64{250, 250}, true},
		"tokens, enough for one":   {scope.Bounds{MaxTokens: 500}, []int64{250}, false},
		"tokens, one too few":      {scope.Bounds{MaxTokens: 499}, []int64{250}, true},
		"tokens, after a large":    {scope.Bounds{MaxTokens: 500}, []int64{250, 10}, true},
		"cost, used up":            {scope.Bounds{MaxCost: 0.5}, []int64{250, 250}, true},
		"cost, enough for one":     {scope.Bounds{MaxCost: 0.5}, []int64{250}, false},
		"cost, after a large":      {scope.Bounds{MaxCost: 0.5}, []int64{250, 10}, true},
		"cost, a little too small": {scope.Bounds{MaxCost: 0.49}, []int64{250}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, asked := range []string{"agent", "judge"} { // who asks ends the run
					a := newTargetWithin(t, scope.Limits{}, priced(t, test.bounds))
					for _, n := range test.uses {
						a.answer = slowly(n)
						if _, err := a.send(t.Context(), false); err != nil {
							t.Error(err)
						}
					}
					want := test.exhausted
					if asked == "judge" {
						spent := int64(0)
						for _, n := range test.uses {
							spent += n
						}
						want = spent >= 500 // nothing is known of a message to it
					}
					if got := a.budget.Exhausted(asked); got != want {
						t.Errorf("exhausted for the %s: %v, want %v", asked, got, want)
					}
				}
			})
		})
	}
}

func TestATargetThatDoesNotSayWhatItUsesIsEstimated(t *testing.T) {
	for name, test := range map[string]struct {
		bounds scope.Bounds
		warns  int
		sent   int
	}{
		"a bound depends on it": {scope.Bounds{MaxTokens: 25}, 1, 5},
		"none does":             {scope.Bounds{MaxTurns: 9}, 0, 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTargetWithin(t, scope.Limits{}, newBudget(t, test.bounds))
				a.answer = slowly(0)
				a.converseAll(t.Context(), 20, 1) // "hello" and "no" are three tokens
				if _, sent := a.counts(); sent < test.sent || sent > 9 {
					t.Errorf("%d messages were sent", sent)
				}
				want := `target "agent" does not say how many tokens it uses: the bounds of scope count an estimate`
				if got := told[record.Warning](a.seen); len(got) != test.warns || test.warns > 0 && got[0] != (record.Warning{Message: want}) {
					t.Errorf("warnings %+v, want %q %d times", got, want, test.warns)
				}
			})
		})
	}
}

func TestARunKeepsToItsTime(t *testing.T) {
	// In a bubble it is midnight, the first of January 2000, a Saturday.
	for name, test := range map[string]struct {
		bounds  scope.Bounds
		refused string
		took    time.Duration
		stopped string
	}{
		"no time":       {scope.Bounds{}, "", 4 * time.Second, ""},
		"a duration":    {scope.Bounds{MaxDuration: 2500 * time.Millisecond}, "", 2500 * time.Millisecond, "scope.max_duration: 2.5s are over (the run used 3 turns, 2 tokens, 2.5s)"},
		"enough time":   {scope.Bounds{MaxDuration: time.Minute}, "", 4 * time.Second, ""},
		"an open hour":  {scope.Bounds{Window: &scope.Window{To: time.Hour, Zone: time.UTC}}, "", 4 * time.Second, ""},
		"a closed hour": {scope.Bounds{Window: &scope.Window{From: time.Hour, To: 2 * time.Hour, Zone: time.UTC}}, "scope.window: no run is allowed now: the window is every day 01:00-02:00 UTC; it opens on Sat 1 Jan 2000 at 01:00 UTC", 0, ""},
		"an hour that ends": {
			scope.Bounds{MaxDuration: time.Hour, Window: &scope.Window{Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, To: time.Minute, Zone: time.UTC}},
			"", 1500 * time.Millisecond, "scope.window: it closed (fri 22:00-00:01 UTC) (the run used 2 turns, 1 tokens, 1.5s)",
		},
		"an hour that ends after the duration": {
			scope.Bounds{MaxDuration: time.Second, Window: &scope.Window{Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, To: time.Minute, Zone: time.UTC}},
			"", time.Second, "scope.max_duration: 1s are over",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if strings.HasPrefix(name, "an hour") {
					time.Sleep(58500 * time.Millisecond)
				}
				budget, err := limit.NewBudget(test.bounds, cost.Prices{})
				if test.refused != "" {
					if core.KindOf(err) != core.ErrorConfig || err.Error()+"; "+core.HintOf(err) != test.refused {
						t.Errorf("got %v (%s), want %s", err, core.HintOf(err), test.refused)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				a := newTargetWithin(t, scope.Limits{}, budget)
				ctx, cancel := budget.Within(t.Context())
				defer cancel()
				begun := time.Now()
				for ctx.Err() == nil {
					r, err := a.client.Do(ctx, limit.Request{Messages: make([]core.Message, 1), Make: func(ctx context.Context) ([]core.Reply, error) {
						select {
						case <-time.After(time.Second):
							return []core.Reply{uses(1)}, nil
						case <-ctx.Done():
							return nil, ctx.Err()
						}
					}})
					if err != nil || r.Sent.Sub(begun) >= 3*time.Second {
						break
					}
				}
				if took := time.Since(begun); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if got := budget.Conclude(ctx); !strings.HasPrefix(got, test.stopped) || test.stopped == "" && got != "" {
					t.Errorf("stopped by %q, want %q", got, test.stopped)
				}
			})
		})
	}
}

func TestASignalIsNoBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(t, scope.Bounds{MaxDuration: time.Hour})
		parent, cancel := context.WithCancelCause(t.Context())
		ctx, done := b.Within(parent)
		defer done()
		cancel(errors.New("a signal"))
		if got := b.Conclude(ctx); got != "" || ctx.Err() == nil {
			t.Errorf("stopped by %q", got)
		}
	})
}
