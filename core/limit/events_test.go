package limit_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestAnObserverThatBlocksStopsNoOtherRequest(t *testing.T) {
	for name, test := range map[string]struct {
		concurrency int
		bounds      scope.Bounds
	}{
		"several at a time": {4, noBounds},
		"one at a time":     {1, noBounds},
		"with a budget":     {4, scope.Bounds{MaxTokens: 1_000_000}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				blocked := make(chan struct{})
				seen := &watcher{}
				c := limit.NewClient("agent", scope.Limits{Concurrency: test.concurrency, Retries: 4}, newBudget(t, test.bounds), func(e record.Event) {
					<-blocked
					seen.observe(e)
				})
				ask := func(err error) func() {
					return func() {
						_, _ = c.Do(t.Context(), limit.Request{Messages: []core.Message{{}}, Make: func(context.Context) ([]core.Reply, error) {
							return []core.Reply{uses(1)}[:map[bool]int{true: 1}[err == nil]], err
						}})
					}
				}
				var sending sync.WaitGroup
				// One whose end is told, and one in a pause whose end a timer tells.
				sending.Go(ask(core.Errorf(core.ErrorInput, "no").After(5 * time.Second)))
				synctest.Wait()
				begun := time.Now()
				for range 10 {
					ask(nil)()
				}
				if took := time.Since(begun); took > 6*time.Second {
					t.Errorf("ten messages took %s while the observer was blocked", took)
				}
				synctest.Wait() // until the timer has noticed the end of the pause
				close(blocked)
				sending.Wait()
				c.Close()
				want := "TargetPaused Warning Warning TargetResumed"
				if got := types(seen.all()); got != want {
					t.Errorf("told %s, want %s", got, want)
				}
			})
		})
	}
}

func TestAnObserverMayCallTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *limit.Client
		var budget *limit.Budget
		calls := 0
		message := limit.Request{Messages: []core.Message{{}}, Make: func(context.Context) ([]core.Reply, error) { return []core.Reply{says("no")}, nil }}
		budget = newBudget(t, noBounds)
		c = limit.NewClient("agent", scope.Limits{Concurrency: 1, Retries: 4}, budget, func(record.Event) {
			calls++
			c.MarkAnswered()
			budget.Exhausted("agent")
			if _, err := c.Do(t.Context(), message); err != nil {
				t.Error(err)
			}
		})
		refused := 0
		_, err := c.Do(t.Context(), limit.Request{Messages: []core.Message{{}}, Make: func(context.Context) ([]core.Reply, error) {
			if refused++; refused < 4 {
				return nil, core.Errorf(core.ErrorRateLimited, "HTTP 429").After(3 * time.Second)
			}
			return []core.Reply{says("no")}, nil
		}})
		if err != nil || refused != 4 {
			t.Errorf("%v after %d tries", err, refused)
		}
		c.Close()
		if calls < 3 {
			t.Errorf("the observer was called %d times", calls)
		}
	})
}

// Events of one target come in the order in which things happened, however many
// requests are made at a time.
func TestEventsOfATargetComeInOrder(t *testing.T) {
	for _, slow := range []time.Duration{0, 50 * time.Millisecond} {
		t.Run(fmt.Sprint(slow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &outage{from: 10 * time.Second, until: time.Minute, begins: true}
				a := o.target(t, scope.Limits{Concurrency: 8, Retries: 4})
				seen, telling := &watcher{}, 0
				a.client = limit.NewClient("agent", a.limits, a.budget, func(e record.Event) {
					if telling++; telling != 1 {
						t.Error("two events are told at a time")
					}
					time.Sleep(slow)
					seen.observe(e)
					telling--
				})
				a.converseAll(t.Context(), 100, 1)
				a.client.Close()
				var order []record.Event
				for _, e := range seen.all() {
					if _, retried := e.(record.RequestRetried); !retried {
						order = append(order, e)
					}
				}
				got := types(order)
				// Down, and then pauses that each end before the next, and up.
				want := "TargetDown TargetPaused Warning"
				for range len(told[record.TargetPaused](seen)) - 1 {
					want += " TargetResumed TargetPaused"
				}
				if want += " TargetResumed Warning TargetUp"; got != want {
					t.Errorf("told\n%s\nwant\n%s", got, want)
				}
				up := told[record.TargetUp](seen)
				if len(up) != 1 || up[0].After < 45*time.Second || up[0].After > 3*time.Minute || up[0].Target != "agent" {
					t.Errorf("up %+v", up)
				}
				if down := told[record.TargetDown](seen); down[0] != (record.TargetDown{Target: "agent", Kind: core.ErrorUnavailable}) {
					t.Errorf("down %+v", down)
				}
				for _, p := range told[record.TargetPaused](seen) {
					if p.Target != "agent" || p.Reason != record.PauseDown || p.For < 500*time.Millisecond || p.For > 90*time.Second {
						t.Errorf("paused %+v", p)
					}
				}
			})
		})
	}
}

func TestEachReasonForAPauseIsTold(t *testing.T) {
	for reason, end := range map[record.PauseReason]struct {
		reply core.Reply
		err   error
	}{
		record.PauseAsked:   {err: core.Errorf(core.ErrorRateLimited, "no").After(time.Minute)},
		record.PauseUsedUp:  {reply: left(core.RateLimit{Name: "requests", Reset: time.Minute})},
		record.PauseRefused: {err: core.Errorf(core.ErrorRateLimited, "no")},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newTarget(t, scope.Limits{})
			a.answer = func() (core.Reply, error) { return end.reply, end.err }
			_, _ = a.send(t.Context(), false)
			paused := told[record.TargetPaused](a.seen)
			if len(paused) != 1 || paused[0].Reason != reason || paused[0].Target != "agent" || reason != record.PauseRefused && paused[0].For != time.Minute {
				t.Errorf("paused %+v, want because of %s", paused, reason)
			}
			if d := paused[0].For; reason == record.PauseRefused && (d < 125*time.Millisecond || d > 375*time.Millisecond) {
				t.Errorf("the first pause after a refusal is %s", d)
			}
		})
	}
}

// What happened to a request is told while it waits to be made again.
func TestAPauseIsToldWhenItBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Retries: 4})
		refused := false
		a.answer = func() (core.Reply, error) {
			if !refused {
				refused = true
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no").After(time.Minute)
			}
			return says("no"), nil
		}
		done := make(chan struct{})
		go func() { _, _ = a.send(t.Context(), false); close(done) }()
		synctest.Wait()
		if got := types(a.seen.all()); got != "TargetPaused Warning Warning RequestRetried" {
			t.Errorf("told %q while the request waits", got)
		}
		<-done
	})
}

func TestNothingIsToldAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen watcher
		c := limit.NewClient("agent", scope.Limits{}, newBudget(t, noBounds), func(e record.Event) {
			time.Sleep(time.Second)
			seen.observe(e)
		})
		paused := make(chan struct{})
		go func() {
			_, _ = c.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
				return nil, core.Errorf(core.ErrorInput, "no").About(core.SubjectAnswer).After(time.Minute)
			}})
			close(paused)
		}()
		time.Sleep(500 * time.Millisecond) // while the first event is told
		c.Close()
		before := seen.all()
		if got := types(before); got != "TargetPaused Warning" {
			t.Errorf("told %q until Close returned", got)
		}
		time.Sleep(5 * time.Minute)
		<-paused
		if after := seen.all(); !slices.Equal(before, after) {
			t.Errorf("told %s after Close", types(after[len(before):]))
		}
		_, _ = c.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) { return nil, core.Errorf(core.ErrorRateLimited, "no") }})
		time.Sleep(time.Minute)
		if after := seen.all(); !slices.Equal(before, after) {
			t.Errorf("told %s of a request that was made after Close", types(after[len(before):]))
		}
	})
}

// serve recovers a panic and goes on: the client has to stand it, too.
func TestThePanicOfAnObserverReachesTheCallerAndOthersAreToldAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen watcher
		broken := true
		c := limit.NewClient("agent", scope.Limits{}, newBudget(t, noBounds), func(e record.Event) {
			if broken {
				broken = false
				panic("the observer is broken")
			}
			seen.observe(e)
		})
		pause := func() (panicked any) {
			defer func() { panicked = recover() }()
			_, _ = c.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
				return nil, core.Errorf(core.ErrorInput, "no").About(core.SubjectAnswer).After(time.Minute)
			}})
			return nil
		}
		if got := pause(); got != "the observer is broken" {
			t.Errorf("the caller saw the panic %v", got)
		}
		time.Sleep(5 * time.Minute)
		if got := types(seen.all()); got != "Warning TargetResumed" {
			t.Errorf("told %q after the panic", got)
		}
		if got := pause(); got != nil {
			t.Errorf("the next request panics: %v", got)
		}
		time.Sleep(5 * time.Minute)
		c.Close()
		if got := types(seen.all()); got != "Warning TargetResumed TargetPaused Warning TargetResumed" {
			t.Errorf("told %q until Close returned", got)
		}
	})
}

func TestAClientWithoutAnObserverTellsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limit.NewClient("agent", scope.Limits{Retries: 4}, newBudget(t, noBounds), nil)
		refused := false
		_, err := c.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
			if !refused {
				refused = true
				return nil, core.Errorf(core.ErrorRateLimited, "no").After(time.Minute)
			}
			return nil, nil
		}})
		if err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Minute)
		c.Close()
	})
}
