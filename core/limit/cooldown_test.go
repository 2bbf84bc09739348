package limit_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestATargetWithNothingLeftOfALimitIsGivenTimeToRecover(t *testing.T) {
	for name, test := range map[string]struct {
		reply core.Reply
		wait  time.Duration
		warns string
	}{
		"nothing left": {
			left(core.RateLimit{Name: "requests", Remaining: 0, Reset: 20 * time.Second}), 20 * time.Second,
			`target "agent" pauses for 20s: the service says that nothing is left of its limit of requests`,
		},
		"something left": {left(core.RateLimit{Name: "requests", Remaining: 1, Reset: 20 * time.Second}), 0, ""},
		"the longest of several": {
			left(core.RateLimit{Name: "requests", Reset: 2 * time.Second}, core.RateLimit{Name: "tokens", Reset: 5 * time.Second}), 5 * time.Second,
			`target "agent" pauses for 5s: the service says that nothing is left of its limit of tokens`,
		},
		"a day":         {left(core.RateLimit{Name: "requests", Reset: 24 * time.Hour}), 10 * time.Minute, `target "agent" pauses for 10m0s: the service says that nothing is left of its limit of requests`},
		"no time":       {left(core.RateLimit{Name: "requests"}), 0, ""},
		"a moment only": {left(core.RateLimit{Name: "requests", Reset: 30 * time.Millisecond}), 30 * time.Millisecond, ""},
		"a second":      {left(core.RateLimit{Name: "requests", Reset: time.Second}), time.Second, `target "agent" pauses for 1s: the service says that nothing is left of its limit of requests`},
		"time gone by":  {left(core.RateLimit{Name: "requests", Reset: -time.Minute}), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{})
				a.answer = func() (core.Reply, error) { return test.reply, nil }
				first, _ := a.send(t.Context(), false)
				second, err := a.send(t.Context(), true)
				if waited := second.Sent.Sub(first.Sent); err != nil || waited != test.wait {
					t.Errorf("the second message came after %s, want %s", waited, test.wait)
				}
				warnings := a.seen.warnings()
				if test.warns == "" && len(warnings) != 0 || test.warns != "" && (len(warnings) == 0 || warnings[0] != test.warns) {
					t.Errorf("warnings %q, want %q", warnings, test.warns)
				}
			})
		})
	}
}

func TestAnErrorThatSaysHowLongToWaitPausesTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began clock
		a := newTarget(t, scope.Limits{})
		a.start = func() error {
			began.note()
			if len(began.since) < 3 {
				return core.Errorf(core.ErrorRateLimited, "slow down").After(30 * time.Second)
			}
			return nil
		}
		a.answer = func() (core.Reply, error) {
			return core.Reply{}, core.Errorf(core.ErrorRateLimited, "slow down").After(time.Hour)
		}
		a.converseAll(t.Context(), 4, 1)
		want := []time.Duration{0, 30 * time.Second, time.Minute, 11 * time.Minute}
		for i := range want {
			if began.since[i] != want[i] {
				t.Errorf("conversations began after %v, want %v", began.since, want)
				break
			}
		}
		if got := strings.Join(a.seen.warnings(), "\n"); !strings.Contains(got, `target "agent" pauses for 30s: the service asks for it`) {
			t.Errorf("warnings:\n%s", got)
		}
	})
}

func TestAnInterruptedRequestDoesNotSitAPauseOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{})
		pause(t, a, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		r, err := a.send(ctx, false)
		if took := time.Since(begun); err == nil || took != time.Second || !r.Sent.IsZero() {
			t.Errorf("it ended after %s with %v, sent at %s", took, err, r.Sent)
		}
	})
}

func TestAPauseThatBecomesLongerIsWarnedOfAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var replies []core.Reply
		for _, reset := range []time.Duration{10 * time.Second, 10*time.Second + 999*time.Millisecond, 5 * time.Second, time.Minute} {
			replies = append(replies, left(core.RateLimit{Name: "requests", Reset: reset}))
		}
		a := newTarget(t, scope.Limits{})
		_, err := a.client.Do(t.Context(), limit.Request{
			Messages: make([]core.Message, len(replies)), Make: func(context.Context) ([]core.Reply, error) { return replies, nil },
		})
		got := a.seen.warnings()
		if err != nil || len(got) != 2 || !strings.Contains(got[0], "pauses for 10s") || !strings.Contains(got[1], "pauses for 1m0s") {
			t.Errorf("%v, warnings %q; want one of ten seconds and one of a minute", err, got)
		}
	})
}

// A pause is told again where it became longer by a tenth of a second, and its end is
// told once, when it has come.
func TestTheEndOfAPauseIsToldOnce(t *testing.T) {
	for name, test := range map[string]struct {
		pauses []time.Duration // 100 ms apart
		told   int
		over   time.Duration
	}{
		"one":                    {[]time.Duration{time.Second}, 1, time.Second},
		"one that is as long":    {[]time.Duration{time.Second, 900 * time.Millisecond}, 1, time.Second},
		"one that is shorter":    {[]time.Duration{time.Second, 100 * time.Millisecond}, 1, time.Second},
		"a little longer":        {[]time.Duration{time.Second, 999 * time.Millisecond}, 1, 1099 * time.Millisecond},
		"longer by as much":      {[]time.Duration{time.Second, time.Second}, 2, 1100 * time.Millisecond},
		"two after each other":   {[]time.Duration{50 * time.Millisecond, 30 * time.Millisecond}, 2, 130 * time.Millisecond},
		"much longer":            {[]time.Duration{time.Second, time.Minute}, 2, 60100 * time.Millisecond},
		"longer again and again": {[]time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, 3, 3200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var over []time.Duration
				seen := &watcher{}
				c := limit.NewClient("agent", scope.Limits{Concurrency: 9}, newBudget(t, noBounds), func(e record.Event) {
					seen.observe(e)
					if _, ok := e.(record.TargetResumed); ok {
						over = append(over, time.Since(begun)-100*time.Millisecond)
					}
				})
				defer c.Close()
				for i, d := range test.pauses {
					go func() { // all are let through before the first of them is paused
						_, _ = c.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
							time.Sleep(time.Duration(i+1) * 100 * time.Millisecond)
							return nil, core.Errorf(core.ErrorInput, "no").About(core.SubjectAnswer).After(d)
						}})
					}()
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				resumed := 1
				if name == "two after each other" {
					resumed = 2
				}
				if paused := told[record.TargetPaused](seen); len(paused) != test.told {
					t.Errorf("pauses %+v, want %d", paused, test.told)
				}
				if len(over) != resumed || over[resumed-1] != test.over {
					t.Errorf("resumed after %v, want %d times and %s", over, resumed, test.over)
				}
			})
		})
	}
}
