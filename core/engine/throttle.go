package engine

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

const (
	// backOff is what the rate at which a service took requests is multiplied
	// with after it has refused one.
	backOff = 0.95
	// recovery is the share of the rate that is added in each second in which the
	// service refuses nothing, once the rate was measured over a minute. One that
	// was measured over less is doubted as much more.
	recovery = 0.005
	// slowest is the lowest rate that a service can bring a run to: one request
	// a minute.
	slowest = rate.Limit(1.0 / 60)
	// firstRefusal and longestRefusal bound the pauses after a service has refused
	// a request without saying for how long; they double while it takes none.
	firstRefusal   = 250 * time.Millisecond
	longestRefusal = 10 * time.Second
)

// throttle spaces the requests to a target evenly: at the rate that the campaign
// allows, and below the one at which the service has refused some.
type throttle struct {
	limiter *rate.Limiter
	most    rate.Limit

	mu sync.Mutex
	// starts says that conversations that begin count as requests, too: the
	// service has refused one.
	starts bool
	// taken counts the requests that the service took, and begun the
	// conversations that began while they did not count.
	taken, begun lastMinute
	// slowed is when the service last refused a request. The next two count what
	// it took since, as taken and begun do.
	slowed            time.Time
	since, sinceBegun int
	raised            time.Time
	// recovery is the share of the rate that is added in a second.
	recovery float64
	pauses   *backoff.ExponentialBackOff
}

// newThrottle returns one for a number of requests a minute; 0 leaves it to the
// service.
func newThrottle(perMinute int) *throttle {
	t := &throttle{most: rate.Inf, pauses: pausesFrom(firstRefusal, longestRefusal)}
	if perMinute > 0 {
		t.most = rate.Limit(float64(perMinute) / 60)
	}
	// At most a tenth of a second's requests leave at once.
	t.limiter = rate.NewLimiter(t.most, max(1, perMinute/600))
	return t
}

// pausesFrom returns pauses that double, with jitter.
func pausesFrom(first, longest time.Duration) *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = first, longest, 2
	pauses.Reset()
	return pauses
}

// take returns when n requests may be sent. It fails where the context ends
// before that.
func (t *throttle) take(ctx context.Context, n int) error {
	for range n {
		if err := reserve(ctx, t.limiter, 1); err != nil {
			return err
		}
	}
	return nil
}

// reserve takes n from a limiter, which has to hold as many, and returns when it
// gave them. It fails where the context ends before that, and only then: unlike
// the limiter's own Wait, it does not fail early for a deadline that will pass.
func reserve(ctx context.Context, l *rate.Limiter, n int) error {
	r := l.ReserveN(time.Now(), n)
	if d := r.Delay(); d > 0 {
		if err := sleep(ctx, d); err != nil {
			r.Cancel()
			return err
		}
	}
	return ctx.Err()
}

func (t *throttle) countsStarts() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.starts
}

// took notes that the service took a request. While it does, the rate grows
// towards what the campaign allows.
func (t *throttle) took(r *request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if r.counts == 0 {
		t.begun.add(now, 1)
		t.sinceBegun++
		return
	}
	t.taken.add(now, r.counts)
	if r.sent.Before(t.slowed) {
		return
	}
	t.since += r.counts
	t.pauses.Reset()
	if limit := t.limiter.Limit(); limit < t.most {
		passed := min(now.Sub(t.raised).Seconds(), 1)
		t.limiter.SetLimit(min(t.most, limit*rate.Limit(1+t.recovery*passed)))
	}
	t.raised = now
}

// refused notes that the service refused a request, and returns how long to leave
// it alone, and whether it is the first that it refused. What was sent before the
// last refusal is part of that. The rate falls below the one at which the service
// took requests, unless it has taken none since: then it waits for something else.
func (t *throttle) refused(r *request) (pause time.Duration, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.starts = t.starts || r.start
	if r.sent.Before(t.slowed) {
		return 0, false
	}
	now := time.Now()
	first = t.slowed.IsZero()
	if t.since > 0 || t.starts && t.sinceBegun > 0 {
		t.slowDown(now)
	}
	t.slowed, t.raised, t.since, t.sinceBegun = now, now, 0, 0
	return t.pauses.NextBackOff(), first
}

// slowDown lowers the rate below the one at which the service took requests, but
// not by more than half: that was measured over a short time at first.
func (t *throttle) slowDown(now time.Time) {
	taken, over := t.taken.rate(now)
	if t.starts {
		begun, _ := t.begun.rate(now)
		taken += begun
	}
	limit := t.limiter.Limit()
	slower := backOff * min(limit, taken)
	if limit != rate.Inf {
		slower = max(slower, limit/2)
	}
	t.limiter.SetLimit(max(slowest, slower))
	t.recovery = recovery * (time.Minute.Seconds() / over.Seconds())
}

// lastMinute counts what happened in each of the last sixty seconds.
type lastMinute struct {
	began, newest time.Time
	counts        [60]int
}

func (m *lastMinute) add(now time.Time, n int) {
	m.forget(now)
	m.counts[now.Unix()%60] += n
}

// forget clears the seconds that are over a minute old.
func (m *lastMinute) forget(now time.Time) {
	if m.began.IsZero() {
		m.began, m.newest = now, now
	}
	for range min(now.Unix()-m.newest.Unix(), 60) {
		m.newest = m.newest.Add(time.Second)
		m.counts[m.newest.Unix()%60] = 0
	}
	m.newest = now
}

// rate returns how much happened in a second, and over how long that was measured.
func (m *lastMinute) rate(now time.Time) (rate.Limit, time.Duration) {
	m.forget(now)
	sum := 0
	for _, n := range m.counts {
		sum += n
	}
	over := min(max(now.Sub(m.began), time.Second), time.Minute)
	return rate.Limit(float64(sum) / over.Seconds()), over
}
