package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// left is a reply whose service says what is left of its limits.
func left(limits ...core.RateLimit) core.Reply {
	r := says("no")
	r.RateLimits = limits
	return r
}

// timesOf notes when messages arrive, since the first one.
type timesOf struct {
	mu    sync.Mutex
	first time.Time
	since []time.Duration
}

func (c *timesOf) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first.IsZero() {
		c.first = time.Now()
	}
	c.since = append(c.since, time.Since(c.first))
}

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
		"time gone by":  {left(core.RateLimit{Name: "requests", Reset: -time.Minute}), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrived timesOf
				a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
					arrived.note()
					return test.reply, nil
				}}
				s := newScene(t, a, "one", "two")
				want(t, s.outcome(), core.Defended)
				if arrived.since[1] != test.wait {
					t.Errorf("the second turn came after %s, want %s", arrived.since[1], test.wait)
				}
				warnings := s.seen.warnings()
				if test.warns == "" && len(warnings) != 0 || test.warns != "" && (len(warnings) == 0 || warnings[0] != test.warns) {
					t.Errorf("warnings %q, want %q", warnings, test.warns)
				}
			})
		})
	}
}

func TestAPauseHoldsForTheWholeTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began timesOf
		first := true
		a := &agent{start: func(context.Context, core.Start) error { began.note(); return nil }}
		a.answer = func(context.Context, []core.Message) (core.Reply, error) {
			if first {
				first = false
				return left(core.RateLimit{Name: "requests", Reset: time.Minute}), nil
			}
			return says("no"), nil
		}
		s := newScene(t, a, "one")
		s.plan.Targets[0].Limits.Concurrency = 1
		s.times(3)
		s.run(t.Context())
		if got := began.since; len(got) != 3 || got[1] != time.Minute || got[2] != time.Minute {
			t.Errorf("conversations began after %v, want the second and third after the pause", got)
		}
		if warnings := s.seen.warnings(); len(warnings) != 1 {
			t.Errorf("warnings %q, want one", warnings)
		}
	})
}

func TestAnErrorThatSaysHowLongToWaitPausesTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began timesOf
		a := &agent{start: func(context.Context, core.Start) error {
			began.note()
			if len(began.since) < 3 {
				return core.Errorf(core.ErrorRateLimited, "slow down").After(30 * time.Second)
			}
			return nil
		}}
		a.answer = func(context.Context, []core.Message) (core.Reply, error) {
			return core.Reply{}, core.Errorf(core.ErrorRateLimited, "slow down").After(time.Hour)
		}
		s := newScene(t, a, "one")
		s.plan.Targets[0].Limits.Concurrency = 1
		s.times(4)
		s.run(t.Context())
		want := []time.Duration{0, 30 * time.Second, time.Minute, 11 * time.Minute}
		for i := range want {
			if began.since[i] != want[i] {
				t.Errorf("conversations began after %v, want %v", began.since, want)
				break
			}
		}
		if got := strings.Join(s.seen.warnings(), "\n"); !strings.Contains(got, `target "agent" pauses for 30s: the service asks for it`) {
			t.Errorf("warnings:\n%s", got)
		}
	})
}

func TestAnInterruptedRunDoesNotSitAPauseOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			time.AfterFunc(time.Second, cancel)
			return left(core.RateLimit{Name: "requests", Reset: time.Minute}), nil
		}}
		s := newScene(t, a, "one", "two")
		begun := time.Now()
		if summary := s.run(ctx); !summary.Interrupted {
			t.Error("the run was not interrupted")
		}
		if took := time.Since(begun); took != time.Second {
			t.Errorf("it took %s to stop", took)
		}
		if turns := s.diary.recorded(s.trial().ID); len(turns) != 1 {
			t.Errorf("%d turns are recorded, want the one that was sent", len(turns))
		}
	})
}

func TestAPauseThatBecomesLongerIsWarnedOfAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resets := []time.Duration{10 * time.Second, 10*time.Second + 999*time.Millisecond, 5 * time.Second, time.Minute}
		a := &agent{exchange: func(context.Context, []core.Message) ([]core.Reply, error) {
			var replies []core.Reply
			for _, reset := range resets {
				replies = append(replies, left(core.RateLimit{Name: "requests", Reset: reset}))
			}
			return replies, nil
		}}
		s := newScene(t, a, "one")
		for range len(resets) - 1 {
			s.trial().Turns = append(s.trial().Turns, over(say("more")))
		}
		s.run(t.Context())
		got := s.seen.warnings()
		if len(got) != 2 || !strings.Contains(got[0], "pauses for 10s") || !strings.Contains(got[1], "pauses for 1m0s") {
			t.Errorf("warnings %q, want one of ten seconds and one of a minute", got)
		}
	})
}
