package limit_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestAPauseDoesNotChargeARequestTwice(t *testing.T) {
	for name, test := range map[string]struct {
		limits scope.Limits
		slot   time.Duration // the time between two requests
	}{
		"requests": {scope.Limits{Concurrency: 9, RequestsPerMinute: 60}, time.Second},
		// Each reply uses as many tokens as are free at once.
		"tokens": {scope.Limits{Concurrency: 9, TokensPerMinute: 6000}, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, test.limits)
				a.answer = func() (core.Reply, error) { return uses(600), nil }
				sent := make(chan time.Time)
				send := func() {
					r, err := a.send(t.Context(), true)
					if err != nil {
						t.Error(err)
					}
					sent <- r.Sent
				}
				begun := time.Now()
				for i := range 3 {
					go send()
					if at := (<-sent).Sub(begun); at != time.Duration(i)*test.slot {
						t.Errorf("request %d was sent after %s", i+1, at)
					}
				}
				go send()
				time.Sleep(test.slot - 50*time.Millisecond)
				pause(t, a, 100*time.Millisecond) // which is over 50 ms after the fourth slot
				if late := (<-sent).Sub(begun) - 3*test.slot; late != 50*time.Millisecond {
					t.Errorf("sent %s after its slot; the pause was over 50ms after it", late)
				}
			})
		})
	}
}

// pause makes the target ask for a pause.
func pause(t *testing.T, a *target, d time.Duration) {
	t.Helper()
	_, err := a.client.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
		return nil, core.Errorf(core.ErrorInput, "busy").About(core.SubjectAnswer).After(d)
	}})
	if err == nil {
		t.Error("no error")
	}
}

func TestMoreConcurrencyIsNotSlowerWhereAServicePausesAfterEachReply(t *testing.T) {
	for _, limits := range []scope.Limits{{RequestsPerMinute: 60}, {TokensPerMinute: 60}} {
		for _, reset := range []time.Duration{1100 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second} {
			t.Run(fmt.Sprintf("%d requests, %d tokens, %s", limits.RequestsPerMinute, limits.TokensPerMinute, reset), func(t *testing.T) {
				took := map[int]time.Duration{}
				for _, concurrency := range []int{1, 8} {
					synctest.Test(t, func(t *testing.T) {
						limits.Concurrency = concurrency
						a := newTarget(t, limits)
						a.answer = func() (core.Reply, error) {
							r := left(core.RateLimit{Name: "requests", Reset: reset})
							r.Usage.InputTokens = 1
							return r, nil
						}
						begun := time.Now()
						if failed := a.converseAll(t.Context(), 60, 1); failed > 0 {
							t.Errorf("%d failed", failed)
						}
						took[concurrency] = time.Since(begun)
					})
				}
				t.Logf("%v with 1 at a time, %v with 8", took[1], took[8])
				if took[8] > took[1]*103/100 {
					t.Errorf("60 messages took %v with 8 at a time and %v with 1", took[8], took[1])
				}
			})
		}
	}
}

func TestRequestsAreMadeInTheOrderInWhichTheyCame(t *testing.T) {
	for name, messages := range map[string]int{"messages": 1, "starts that count": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Concurrency: 20, RequestsPerMinute: 60})
				a.start = func() error { return core.Errorf(core.ErrorRateLimited, "no") }
				_, _ = a.begin(t.Context())
				time.Sleep(time.Minute)
				var order []int
				done := make(chan bool)
				for i := range 10 {
					go func() {
						_, err := a.client.Do(t.Context(), limit.Request{Messages: make([]core.Message, messages), Make: func(context.Context) ([]core.Reply, error) {
							order = append(order, i)
							return make([]core.Reply, messages), nil
						}})
						done <- err == nil
					}()
					synctest.Wait()
				}
				for range 10 {
					if !<-done {
						t.Error("a request failed")
					}
				}
				if fmt.Sprint(order) != "[0 1 2 3 4 5 6 7 8 9]" {
					t.Errorf("made in the order %v", order)
				}
			})
		})
	}
}

func TestTheStartOfAConversationThatDoesNotCountWaitsForNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 9, RequestsPerMinute: 1})
		begun := time.Now()
		for range 3 {
			go func() { _, _ = a.send(t.Context(), true) }()
		}
		synctest.Wait()
		if _, err := a.begin(t.Context()); err != nil || time.Since(begun) != 0 {
			t.Errorf("it began after %s, %v", time.Since(begun), err)
		}
		time.Sleep(5 * time.Minute)
	})
}

func TestAsManyRequestsAreAnsweredAtATimeAsTheLimitsAllow(t *testing.T) {
	for concurrency, want := range map[int]int{0: 1, 1: 1, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			a := newTarget(t, scope.Limits{Concurrency: concurrency})
			a.answer = func() (core.Reply, error) {
				time.Sleep(time.Second)
				return says("no"), nil
			}
			begun := time.Now()
			done := make(chan struct{})
			for range 12 {
				go func() { _, _ = a.send(t.Context(), true); done <- struct{}{} }()
			}
			for range 12 {
				<-done
			}
			if took := time.Since(begun); a.busiest != want || took != time.Duration(12/want)*time.Second {
				t.Errorf("concurrency %d: %d were made at a time, and 12 took %s; want %d", concurrency, a.busiest, took, want)
			}
		})
	}
}

// Whatever a request ends with, its place and what it took of the limits are free
// again for the next.
func TestARequestThatFailsHoldsNothing(t *testing.T) {
	cancelled := func(t *testing.T, after time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		t.Cleanup(cancel)
		return ctx
	}
	for name, fail := range map[string]func(t *testing.T, a *target){
		"an error": func(t *testing.T, a *target) {
			a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorProtocol, "no") }
			_, _ = a.send(t.Context(), true)
		},
		"a context that ended before": func(t *testing.T, a *target) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = a.send(ctx, true)
		},
		"a context that ends while it waits": func(t *testing.T, a *target) {
			_, _ = a.send(t.Context(), true)
			_, _ = a.send(cancelled(t, 300*time.Millisecond), true)
		},
		"a context that ends in a pause": func(t *testing.T, a *target) {
			pause(t, a, time.Second)
			_, _ = a.send(cancelled(t, 300*time.Millisecond), true)
		},
		"a context that ends in line": func(t *testing.T, a *target) {
			_, _ = a.send(t.Context(), true)
			go func() { _, _ = a.send(cancelled(t, 400*time.Millisecond), true) }()
			synctest.Wait()
			_, _ = a.send(cancelled(t, 300*time.Millisecond), true)
			time.Sleep(200 * time.Millisecond)
		},
		"a refusal": func(t *testing.T, a *target) {
			a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no") }
			_, _ = a.send(t.Context(), true)
			time.Sleep(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Concurrency: 2, RequestsPerMinute: 60, TokensPerMinute: 60_000})
				fail(t, a)
				a.answer = nil
				last := time.Now()
				for range 3 { // one of them at once, if one was sent a second ago
					r, err := a.send(t.Context(), true)
					if err != nil {
						t.Fatal(err)
					}
					if waited := r.Sent.Sub(last); waited > time.Second {
						t.Errorf("the next request waited for %s", waited)
					}
					last = r.Sent
				}
			})
		})
	}
}

// Requests that were taken for several messages, not all of which could be, are free
// for the next.
func TestWhatWasTakenForMessagesThatAreNotSentIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 2, RequestsPerMinute: 60})
		_, _ = a.send(t.Context(), true)
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		r, err := a.client.Do(ctx, limit.Request{Messages: make([]core.Message, 4), Make: func(context.Context) ([]core.Reply, error) {
			t.Error("it was sent")
			return nil, nil
		}})
		if err == nil || !r.Sent.IsZero() {
			t.Errorf("sent at %s, %v", r.Sent, err)
		}
		now := time.Now()
		if r, err := a.send(t.Context(), true); err != nil || !r.Sent.Equal(now) {
			t.Errorf("the next was sent after %s, %v; want at once", r.Sent.Sub(now), err)
		}
	})
}

// Several messages of one exchange are sent when each of them may be, and count as
// so many.
func TestMessagesOfOneExchangeCountOneByOne(t *testing.T) {
	for name, startsCount := range map[string]bool{"starts do not count": false, "starts count": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Concurrency: 2, RequestsPerMinute: 60})
				if startsCount {
					a.start = func() error { return core.Errorf(core.ErrorRateLimited, "no") }
					_, _ = a.begin(t.Context())
					time.Sleep(time.Minute)
				}
				begun := time.Now()
				for i, want := range []time.Duration{2 * time.Second, 5 * time.Second, 8 * time.Second} {
					r, err := a.client.Do(t.Context(), limit.Request{Messages: make([]core.Message, 3), Make: func(context.Context) ([]core.Reply, error) {
						return []core.Reply{says("no"), says("no"), says("no")}, nil
					}})
					if at := r.Sent.Sub(begun); err != nil || at != want {
						t.Errorf("exchange %d was sent after %s, %v; want %s", i+1, at, err, want)
					}
				}
			})
		})
	}
}

func TestWhatIsPausedForIsHeldToItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{})
		begun := time.Now()
		pause(t, a, 24*time.Hour)
		if _, err := a.send(t.Context(), true); err != nil || time.Since(begun) != 10*time.Minute {
			t.Errorf("sent after %s, %v; want after ten minutes", time.Since(begun), err)
		}
		if paused := told[record.TargetPaused](a.seen); len(paused) != 1 || paused[0].For != 10*time.Minute {
			t.Errorf("pauses %+v", paused)
		}
	})
}
