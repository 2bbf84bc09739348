package limit_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
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

// target is the service as a target: each reply takes some time.
func (b *service) target(t testing.TB, l scope.Limits) *target {
	a := newTarget(t, l)
	if b.starts {
		a.start = b.ask
	}
	a.answer = func() (core.Reply, error) {
		time.Sleep(200 * time.Millisecond)
		return says("no"), b.ask()
	}
	return a
}

func TestRequestsKeepToWhatAServiceTakesAndNoneIsLost(t *testing.T) {
	const ideal = 2 * time.Minute // 1,200 requests at 600 a minute
	for name, test := range map[string]struct {
		takes    func() *service
		perMin   int
		messages int
		refusals int // at most
		most     time.Duration
	}{
		"the campaign knows the limit":            {func() *service { return &service{} }, 600, 3, 0, ideal * 115 / 100},
		"single messages":                         {func() *service { return &service{} }, 600, 1, 0, ideal * 115 / 100},
		"nobody knows the limit":                  {func() *service { return &service{} }, 0, 3, 60, ideal * 115 / 100},
		"the service says how long to wait":       {func() *service { return &service{after: time.Second} }, 0, 3, 60, ideal * 115 / 100},
		"conversations that begin count, too":     {func() *service { return &service{starts: true} }, 0, 2, 60, ideal * 115 / 100},
		"they do, and the campaign says too much": {func() *service { return &service{starts: true} }, 900, 2, 60, ideal * 115 / 100},
		"the limit is one of each minute":         {func() *service { return &service{perWindow: true} }, 0, 3, 300, ideal * 115 / 100},
	} {
		t.Run(name, func(t *testing.T) {
			var took []time.Duration
			var refused []int
			for range 3 { // the lengths of pauses are random: the middle one counts
				synctest.Test(t, func(t *testing.T) {
					service := test.takes()
					a := service.target(t, scope.Limits{Concurrency: 16, RequestsPerMinute: test.perMin, Retries: 4})
					requests := test.messages
					if service.starts {
						requests++
					}
					begun := time.Now()
					lost := a.converseAll(t.Context(), 1200/requests, test.messages)
					took, refused = append(took, time.Since(begun)), append(refused, service.refused)
					if lost > 0 || service.taken != 1200 {
						t.Errorf("%d lost after %d requests, want none after 1200: %v", lost, service.taken, a.failures)
					}
				})
			}
			slices.Sort(took)
			slices.Sort(refused)
			t.Logf("1200 requests in %s, %.1f %% over the ideal; %d refused", took[1].Round(time.Millisecond), 100*(took[1].Seconds()/ideal.Seconds()-1), refused[1])
			if took[1] > test.most || refused[1] > test.refusals {
				t.Errorf("it took %s and %d refusals, want at most %s and %d", took[1], refused[1], test.most, test.refusals)
			}
		})
	}
}

// The rate falls below what a service takes, and grows back to what the campaign
// allows, and not above.
func TestTheRateGrowsBackToWhatTheCampaignAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &service{}
		a := b.target(t, scope.Limits{Concurrency: 16, RequestsPerMinute: 900, Retries: 4})
		if lost := a.converseAll(t.Context(), 600, 1); lost != 0 || b.refused == 0 {
			t.Fatalf("%d lost, %d refused", lost, b.refused)
		}
		b.bucket = rate.NewLimiter(rate.Inf, 1)
		a.converseAll(t.Context(), 6000, 1) // until it has recovered
		begun := time.Now()
		a.converseAll(t.Context(), 900, 1)
		if took := time.Since(begun); took < 59*time.Second || took > 62*time.Second {
			t.Errorf("900 requests took %s, want a minute", took)
		}
	})
}

func TestRequestsAreSpacedEvenly(t *testing.T) {
	for perMinute, atOnce := range map[int]int{60: 1, 599: 1, 1200: 2, 6000: 10} {
		synctest.Test(t, func(t *testing.T) {
			var sent clock
			a := newTarget(t, scope.Limits{Concurrency: 50, RequestsPerMinute: perMinute})
			a.answer = func() (core.Reply, error) {
				sent.note()
				return says("no"), nil
			}
			a.converseAll(t.Context(), 50, 1)
			first := 0
			for _, at := range sent.since {
				if at == 0 {
					first++
				}
			}
			if last := sent.since[49].Seconds(); first != atOnce || last < float64(49-atOnce)*60/float64(perMinute) || last > float64(51-atOnce)*60/float64(perMinute) {
				t.Errorf("at %d a minute, %d left at once and the last after %.2f s", perMinute, first, last)
			}
		})
	}
}

// What was sent before the last refusal and is refused after it is a part of that
// refusal: it makes no pause of its own.
func TestALateRefusalMakesNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 9})
		takes := []time.Duration{time.Second, 10 * time.Second, 20 * time.Second}
		var sending sync.WaitGroup
		for _, d := range takes {
			sending.Go(func() {
				_, _ = a.client.Do(t.Context(), limit.Request{Messages: make([]core.Message, 1), Make: func(context.Context) ([]core.Reply, error) {
					time.Sleep(d)
					return nil, core.Errorf(core.ErrorRateLimited, "HTTP 429")
				}})
			})
		}
		sending.Wait()
		if paused := told[record.TargetPaused](a.seen); len(paused) != 1 {
			t.Errorf("pauses %+v, want one", paused)
		}
		if warned := a.seen.warnings(); len(warned) != 1 {
			t.Errorf("warnings %q, want one", warned)
		}
	})
}

// sentAfter sends a message, and returns when since a time.
func (a *target) sentAfter(since time.Time) time.Duration {
	a.t.Helper()
	r, err := a.send(a.t.Context(), true)
	if err != nil {
		a.t.Error(err)
	}
	return r.Sent.Sub(since)
}

func TestARefusalHalvesTheRateAtMostAndItGrowsBackWhileRequestsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{RequestsPerMinute: 600})
		for range 2 {
			a.sentAfter(time.Now())
		}
		a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no") }
		_, _ = a.send(t.Context(), true) // after two were taken in a second
		a.answer = nil
		time.Sleep(10 * time.Minute) // in which nothing is learnt
		gap := func() time.Duration {
			begun := time.Now()
			return a.sentAfter(begun)
		}
		_ = gap()
		// Half of ten a second, and then a second's growth for each that is taken.
		if second := gap(); second < 150*time.Millisecond || second > 200*time.Millisecond {
			t.Errorf("the second was sent after %s, want about 150ms to 200ms", second)
		}
		for range 30 {
			time.Sleep(time.Second)
			_ = gap()
		}
		begun, last := time.Now(), time.Duration(0)
		for range 100 {
			last = a.sentAfter(begun)
		}
		if last < 9850*time.Millisecond || last > 10050*time.Millisecond {
			t.Errorf("100 were sent in %s, want ten a second", last)
		}
	})
}

func TestNoServiceBringsTheRateBelowOneAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{RequestsPerMinute: 1})
		for range 4 {
			a.answer = nil
			begun := time.Now()
			if waited := a.sentAfter(begun); waited > 61*time.Second {
				t.Errorf("a message was sent after %s", waited)
			}
			a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorRateLimited, "no") }
			_, _ = a.send(t.Context(), true)
		}
	})
}
