package engine_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// service is a service that takes 600 requests a minute and refuses the others.
type service struct {
	// perWindow, where set, takes as many in each whole minute, however fast they
	// come. Without it they have to be spread.
	perWindow bool
	// after is how long it asks to wait.
	after time.Duration
	// starts says that it counts conversations that begin, too.
	starts bool

	bucket *rate.Limiter

	mu             sync.Mutex
	window         int64
	taken, refused int
	inWindow       int
}

func (b *service) ask() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.room() {
		b.refused++
		return core.Errorf(core.ErrorRateLimited, "HTTP 429").After(b.after)
	}
	b.taken++
	return nil
}

func (b *service) room() bool {
	if !b.perWindow {
		if b.bucket == nil {
			b.bucket = rate.NewLimiter(10, 10)
		}
		return b.bucket.Allow()
	}
	if window := time.Now().Unix() / 60; window != b.window {
		b.window, b.inWindow = window, 0
	}
	b.inWindow++
	return b.inWindow <= 600
}

// agent is the service as a target: each reply takes some time.
func (b *service) agent() *agent {
	a := &agent{}
	if b.starts {
		a.start = func(context.Context, core.Start) error { return b.ask() }
	}
	a.answer = func(context.Context, []core.Message) (core.Reply, error) {
		time.Sleep(200 * time.Millisecond)
		if err := b.ask(); err != nil {
			return core.Reply{}, err
		}
		return says("no"), nil
	}
	return a
}

// carryOutAt makes 1,200 requests of a service, of which the campaign says that it
// takes perMinute, in conversations of so many turns.
func carryOutAt(t *testing.T, service *service, perMinute, turns int) {
	t.Helper()
	s := newScene(t, service.agent())
	for range turns {
		s.trial().Turns = append(s.trial().Turns, say("hello"))
	}
	limits := &s.plan.Targets[0].Limits
	limits.Concurrency, limits.RequestsPerMinute, limits.Retries = 16, perMinute, 4
	requests := turns
	if service.starts {
		requests++
	}
	s.times(1200 / requests)
	if summary := s.run(t.Context()); summary.Tally.Defended != summary.Planned || service.taken != 1200 {
		t.Errorf("%+v after %d requests, want all defended after 1200", summary.Tally, service.taken)
	}
}

func TestARunKeepsToWhatAServiceTakesAndNoTrialIsLost(t *testing.T) {
	const ideal = 2 * time.Minute // 1,200 requests at 600 a minute
	for name, test := range map[string]struct {
		takes    *service
		perMin   int
		turns    int
		refusals int // at most
		most     time.Duration
	}{
		"the campaign knows the limit":            {&service{}, 600, 3, 0, ideal * 115 / 100},
		"single turns":                            {&service{}, 600, 1, 0, ideal * 115 / 100},
		"nobody knows the limit":                  {&service{}, 0, 3, 60, ideal * 115 / 100},
		"the service says how long to wait":       {&service{after: time.Second}, 0, 3, 60, ideal * 115 / 100},
		"conversations that begin count, too":     {&service{starts: true}, 0, 2, 60, ideal * 115 / 100},
		"they do, and the campaign says too much": {&service{starts: true}, 900, 2, 60, ideal * 115 / 100},
		"the limit is one of each minute":         {&service{perWindow: true}, 0, 3, 300, ideal * 115 / 100},
	} {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			var refused []int
			within := 0
			for within < 2 && len(took) < 3 { // the lengths of pauses are random: the middle one of three counts
				synctest.Test(t, func(t *testing.T) {
					once := &service{perWindow: test.takes.perWindow, after: test.takes.after, starts: test.takes.starts}
					begun := time.Now()
					carryOutAt(t, once, test.perMin, test.turns)
					took, refused = append(took, time.Since(begun)), append(refused, once.refused)
				})
				if last := len(took) - 1; took[last] <= test.most && refused[last] <= test.refusals {
					within++
				}
			}
			slices.Sort(took)
			slices.Sort(refused)
			if within < 2 && (took[1] > test.most || refused[1] > test.refusals) {
				t.Errorf("it took %s and %d refusals, want at most %s and %d in the middle", took, refused, test.most, test.refusals)
			}
		})
	}
}
