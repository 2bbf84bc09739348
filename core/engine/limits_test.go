package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// What a target's limits do is tested in core/limit. These tests are about what the
// engine gives to it, and what becomes of trials.

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

func TestARunKeepsToWhatAServiceTakesAndNoTrialIsLost(t *testing.T) {
	for name, test := range map[string]struct {
		perMinute int  // what the campaign allows
		starts    bool // the service counts conversations that begin, too
	}{
		"the campaign knows the limit":            {perMinute: 600},
		"conversations that begin count, too":     {starts: true},
		"they do, and the campaign says too much": {perMinute: 900, starts: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The service takes 600 requests a minute and refuses the others.
				takes, refused := rate.NewLimiter(10, 10), 0
				var mu sync.Mutex
				ask := func() error {
					mu.Lock()
					defer mu.Unlock()
					if !takes.Allow() {
						refused++
						return core.Errorf(core.ErrorRateLimited, "HTTP 429")
					}
					return nil
				}
				a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
					time.Sleep(200 * time.Millisecond)
					if err := ask(); err != nil {
						return core.Reply{}, err
					}
					return says("no"), nil
				}}
				if test.starts {
					a.start = func(context.Context, core.Start) error { return ask() }
				}
				s := newScene(t, a, "one", "two", "three")
				limits := &s.plan.Targets[0].Limits
				limits.Concurrency, limits.RequestsPerMinute, limits.Retries = 16, test.perMinute, 4
				s.times(200)
				begun := time.Now()
				if summary := s.run(t.Context()); summary.Tally.Defended != 200 {
					t.Errorf("%+v, want all defended", summary.Tally)
				}
				if (refused > 0) != test.starts {
					t.Errorf("%d requests were refused", refused)
				}
				if took := time.Since(begun); !test.starts && took > 69*time.Second { // 600 messages take a minute
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestTokensAreHeldToTheirLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			r := says("no")
			r.Usage = core.Usage{InputTokens: 200, OutputTokens: 200}
			return r, nil
		}}
		s := newScene(t, a, "hello")
		s.plan.Targets[0].Limits.Concurrency = 1
		s.plan.Targets[0].Limits.TokensPerMinute = 6000
		s.times(30)
		begun := time.Now()
		s.run(t.Context())
		if took := time.Since(begun); took < 108*time.Second || took > 122*time.Second {
			t.Errorf("12000 tokens took %s, want two minutes at 6000 a minute, less what is spent at once", took)
		}
	})
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

func TestEachReplyOfAnExchangeMayPauseTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, &agent{exchange: func(context.Context, []core.Message) ([]core.Reply, error) {
			return []core.Reply{left(core.RateLimit{Name: "requests", Reset: 10 * time.Second}), says("no")}, nil
		}}, "one")
		s.trial().Turns = append(s.trial().Turns, over(say("more")))
		s.run(t.Context())
		if paused := seen[record.TargetPaused](s); len(paused) != 1 || paused[0].For != 10*time.Second {
			t.Errorf("pauses %+v, want the one that the first reply says", paused)
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

// unreachable is a target that cannot be reached to begin a conversation, from a time
// until another, since the first try.
func unreachable(from, until time.Duration) *agent {
	var tried timesOf
	return &agent{
		start: func(context.Context, core.Start) error {
			tried.note()
			tried.mu.Lock()
			defer tried.mu.Unlock()
			if since := time.Since(tried.first); since >= from && since < until {
				return core.Errorf(core.ErrorUnavailable, "connection refused")
			}
			return nil
		},
		answer: func(context.Context, []core.Message) (core.Reply, error) {
			time.Sleep(time.Second)
			return says("no"), nil
		},
	}
}

func TestATargetThatNeverAnsweredIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, unreachable(0, 24*time.Hour), "hello")
		s.plan.Targets[0].Limits.Retries = 4
		s.times(1000)
		begun := time.Now()
		summary, err := engine.Run(t.Context(), s.plan, s.options())
		if !isLost(err) || summary.Tally.Total() > 1 || time.Since(begun) > 15*time.Second || len(s.seen.warnings()) > 0 {
			t.Errorf("%+v, %v after %s with warnings %q, want one trial tried and the others left", summary.Tally, err, time.Since(begun), s.seen.warnings())
		}
	})
}

func TestATargetThatAnsweredBeforeTheRunWasStoppedIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, unreachable(0, time.Minute), "hello")
		s.plan.Targets[0].Limits.Retries = 4
		s.times(50)
		options := s.options()
		options.Done = map[string]core.Outcome{"polite/1": core.Defended}
		summary, err := engine.Run(t.Context(), s.plan, options)
		if err != nil || summary.Tally.Errored > 0 || summary.Tally.Total() != 50 {
			t.Errorf("%+v, %v; want no trial errored", summary.Tally, err)
		}
	})
}
