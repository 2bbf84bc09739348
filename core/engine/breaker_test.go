package engine_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
)

// outage is a target that cannot be reached for some time.
type outage struct {
	from, until time.Duration // since the first request
	// begins says that it cannot be reached to begin a conversation, either.
	begins bool

	mu     sync.Mutex
	first  time.Time
	failed []time.Duration
}

func (o *outage) ask() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first.IsZero() {
		o.first = time.Now()
	}
	since := time.Since(o.first)
	if since < o.from || since >= o.until {
		return nil
	}
	o.failed = append(o.failed, since)
	return core.Errorf(core.ErrorUnavailable, "connection refused")
}

func (o *outage) agent() *agent {
	a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		time.Sleep(time.Second)
		if err := o.ask(); err != nil {
			return core.Reply{}, err
		}
		return says("no"), nil
	}}
	if o.begins {
		a.start = func(context.Context, core.Start) error { return o.ask() }
	}
	return a
}

func TestATargetThatIsDownIsWaitedForAndTriedWithOneRequestAtATime(t *testing.T) {
	for name, test := range map[string]struct {
		outage *outage
		lost   int // trials, at most
		tries  int // while it was down, at most
	}{
		// Those whose message was on its way may have been heard.
		"conversations cannot begin": {&outage{from: 10 * time.Second, until: 5 * time.Minute, begins: true}, 8, 40},
		// Each try of a target that needs no connection is a trial's message.
		"messages are not answered": {&outage{from: 10 * time.Second, until: 5 * time.Minute}, 30, 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := test.outage
				s := newScene(t, o.agent(), "hello")
				s.plan.Targets[0].Limits.Concurrency = 8
				s.plan.Targets[0].Limits.Retries = 4
				s.times(400)
				begun := time.Now()
				summary := s.run(t.Context())
				t.Logf("%+v in %s, %d tries while it was down", summary.Tally, time.Since(begun), len(o.failed))
				if summary.Tally.Errored > test.lost || summary.Tally.Total() != 400 {
					t.Errorf("%+v, want at most %d errored", summary.Tally, test.lost)
				}
				if len(o.failed) > test.tries {
					t.Errorf("it was tried %d times while it was down, after %v", len(o.failed), o.failed)
				}
				if took := time.Since(begun); took > 8*time.Minute {
					t.Errorf("it took %s", took)
				}
				got := s.seen.warnings()
				if len(got) != 2 || !strings.Contains(got[0], `target "agent" cannot be reached; its trials wait, and it is tried again from time to time`) ||
					!strings.Contains(got[0], "connection refused") || !strings.HasPrefix(got[1], `target "agent" answers again after `) {
					t.Errorf("warnings %q, want that it went down and that it is back", got)
				}
			})
		})
	}
}

func TestATargetThatStaysDownIsWaitedForAboutTenMinutesByEachTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{from: 10 * time.Second, until: 24 * time.Hour, begins: true}
		s := newScene(t, o.agent(), "hello")
		s.plan.Targets[0].Limits.Retries = 4
		s.times(60)
		begun := time.Now()
		summary := s.run(t.Context())
		if summary.Tally.Total() != 60 || summary.Tally.Errored < 10 {
			t.Errorf("%+v, want the trials that were left errored", summary.Tally)
		}
		waited := time.Since(begun)
		if most := 12 * time.Minute * time.Duration((summary.Tally.Errored+3)/4); waited > most {
			t.Errorf("it took %s for %d trials, want at most %s", waited, summary.Tally.Errored, most)
		}
		t.Logf("%+v in %s", summary.Tally, waited)
	})
}

func TestATargetThatNeverAnsweredIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{until: 24 * time.Hour, begins: true}
		s := newScene(t, o.agent(), "hello")
		s.plan.Targets[0].Limits.Retries = 4
		s.times(1000)
		begun := time.Now()
		summary := s.run(t.Context())
		if summary.Tally.Errored != 1000 || time.Since(begun) > 5*time.Second || len(s.seen.warnings()) > 0 {
			t.Errorf("%+v after %s with warnings %q, want all errored at once", summary.Tally, time.Since(begun), s.seen.warnings())
		}
	})
}

func TestATargetThatAnsweredBeforeTheRunWasStoppedIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{until: time.Minute, begins: true}
		s := newScene(t, o.agent(), "hello")
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
