package limit_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// quickRefusal is a service with a limit that it does not name. It refuses at once, or as
// late as it answers.
type quickRefusal struct {
	perSecond  float64
	burst      int
	answers    time.Duration
	names      time.Duration // how long to wait, in a refusal; 0 for nothing
	late       bool
	concurrent int
}

func (q quickRefusal) String() string {
	return fmt.Sprintf("%g a second, burst %d, answers after %s, names %s, late %t, %d at a time", q.perSecond, q.burst, q.answers, q.names, q.late, q.concurrent)
}

// ideal is the least time in which it answers n messages.
func (q quickRefusal) ideal(n int) time.Duration {
	byRate := time.Duration(float64(max(0, n-q.burst)) / q.perSecond * float64(time.Second))
	rounds := (n + q.concurrent - 1) / q.concurrent
	return max(byRate+q.answers, time.Duration(rounds)*q.answers)
}

// took is how long n messages take, of which none may be lost or said twice.
func (q quickRefusal) took(t *testing.T, n int) (took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		bucket, taken := rate.NewLimiter(rate.Limit(q.perSecond), q.burst), 0
		a := newTarget(t, scope.Limits{Concurrency: q.concurrent, Retries: 4})
		a.answer = func() (core.Reply, error) {
			mu.Lock()
			isTaken := bucket.Allow()
			if isTaken {
				taken++
			}
			mu.Unlock()
			if isTaken || q.late {
				time.Sleep(q.answers)
			} else {
				time.Sleep(5 * time.Millisecond)
			}
			if isTaken {
				return says("no"), nil
			}
			return core.Reply{}, core.Errorf(core.ErrorRateLimited, "try again").After(q.names)
		}
		begun := time.Now()
		lost := a.converseAll(t.Context(), n, 1)
		took = time.Since(begun)
		if lost > 0 || taken != n {
			t.Errorf("%s: %d lost, %d taken, want all of %d once: %v", q, lost, taken, n, a.failures)
		}
	})
	return took
}

// A limit is found also where refusals come faster than answers: within 1.2 of the ideal
// time, over a minute and more or nearly so.
func TestALimitIsFoundHoweverFastItsRefusalsCome(t *testing.T) {
	for _, names := range []time.Duration{0, 100 * time.Millisecond} {
		for n, q := range map[int]quickRefusal{
			900: {10, 10, 50 * time.Millisecond, names, false, 32},
			320: {10, 20, time.Second, names, false, 32},
			400: {10, 10, time.Second, names, false, 32},
			600: {10, 100, time.Second, names, false, 64},
			901: {10, 10, 50 * time.Millisecond, names, true, 32},
			601: {10, 20, time.Second, names, true, 32},
		} {
			if took, ideal := q.took(t, n), q.ideal(n); took > ideal*12/10 {
				t.Errorf("%s: %d messages in %s, %.2f of the ideal", q, n, took.Round(time.Second), took.Seconds()/ideal.Seconds())
			}
		}
	}
}

func TestAPauseThatTheServiceNamesIsNotMadeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, refused := newTarget(t, scope.Limits{Concurrency: 1, Retries: 4}), 0
		a.answer = func() (core.Reply, error) {
			if refused++; refused <= 6 {
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "try again in 0.1s").After(100 * time.Millisecond)
			}
			return says("no"), nil
		}
		begun := time.Now()
		if lost := a.converseAll(t.Context(), 1, 1); lost > 0 || time.Since(begun) != 600*time.Millisecond {
			t.Errorf("%d lost after %s, want none after six pauses of 100ms", lost, time.Since(begun))
		}
	})
}
