package limit

import (
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

const (
	// backOff is the factor on the measured rate of requests after the service
	// has refused one.
	backOff = 0.95
	// recovery is the share of the rate that is added in each second without a
	// refusal, if the rate was measured over a minute. A rate that was measured
	// over a shorter time recovers proportionally faster.
	recovery = 0.005
	// slowest is the lowest rate to which refusals reduce a run: one request a
	// minute.
	slowest = rate.Limit(1.0 / 60)
	// firstRefusal and longestRefusal bound the pauses after a service has
	// refused a request without naming a wait. The pauses double as long as it
	// accepts none.
	firstRefusal   = 250 * time.Millisecond
	longestRefusal = 10 * time.Second
)

// throttle spaces the requests to a target evenly: at the rate that the
// campaign allows, and below the rate at which the service has refused
// requests. The client's lock guards it.
type throttle struct {
	limiter *rate.Limiter
	most    rate.Limit

	// starts says that the start of a conversation counts as a request, too,
	// because the service has refused one.
	starts bool
	// taken counts the requests that the service accepted, and begun the
	// conversations that began while they did not count.
	taken, begun lastMinute
	// slowed is when the service last refused a request. The next two count
	// what it accepted since, as taken and begun do.
	slowed            time.Time
	since, sinceBegun int
	raised            time.Time
	// recovery is the share of the rate that is added in a second.
	recovery float64
	pauses   *backoff.ExponentialBackOff
}

// newThrottle returns a throttle for a number of requests a minute; 0 means
// that only the service's refusals limit the rate.
func newThrottle(perMinute int) *throttle {
	t := &throttle{most: rate.Inf, pauses: pausesFrom(firstRefusal, longestRefusal)}
	if perMinute > 0 {
		t.most = rate.Limit(float64(perMinute) / 60)
	}
	// At most a tenth of a second's requests are sent at once.
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

// take takes the requests that an attempt counts as, one by one as they become
// available, and returns the wait for the next of them; 0 when it has them all.
func (t *throttle) take(now time.Time, a *attempt) (wait time.Duration) {
	a.counts = len(a.Messages)
	if a.starts() && t.starts {
		a.counts = 1
	}
	for ; a.paid < a.counts; a.paid++ {
		if wait := missing(t.limiter, now, 1); wait > 0 {
			return wait
		}
		t.limiter.ReserveN(now, 1)
	}
	return 0
}

// handBack returns the requests that were taken for an attempt that is not
// made.
func (t *throttle) handBack(a *attempt) {
	t.limiter.ReserveN(time.Now(), -a.paid)
	a.paid = 0
}

// missing returns the time until a limiter has n available; 0 where it has.
func missing(l *rate.Limiter, now time.Time, n int64) time.Duration {
	limit := l.Limit()
	if limit == rate.Inf {
		return 0
	}
	short := float64(n) - l.TokensAt(now)
	return max(0, time.Duration(short/float64(limit)*float64(time.Second)))
}

// took records that the service accepted a request. The rate then grows towards
// what the campaign allows.
func (t *throttle) took(a *attempt) {
	now := time.Now()
	if a.counts == 0 {
		t.begun.add(now, 1)
		t.sinceBegun++
		return
	}
	t.taken.add(now, a.counts)
	t.since += a.counts
	if a.sent.Before(t.slowed) {
		return
	}
	t.pauses.Reset()
	if limit := t.limiter.Limit(); limit < t.most {
		passed := min(now.Sub(t.raised).Seconds(), 1)
		t.limiter.SetLimit(min(t.most, limit*rate.Limit(1+t.recovery*passed)))
	}
	t.raised = now
}

// refused records that the service refused a request, and returns the pause
// before the next one, and whether it is the first refusal. A request that was
// sent before the last refusal does not count as another. The rate falls below
// that at which the service accepted requests, unless it has accepted none
// since the last refusal: then the rate is not the cause.
func (t *throttle) refused(a *attempt) (pause time.Duration, first bool) {
	t.starts = t.starts || a.starts()
	if a.sent.Before(t.slowed) {
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

// slowDown lowers the rate below that at which the service accepted requests,
// but not by more than half, because the first measurements are over a short
// time.
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

// lastMinute counts events in each of the last sixty seconds.
type lastMinute struct {
	began, newest time.Time
	counts        [60]int
}

func (m *lastMinute) add(now time.Time, n int) {
	m.forget(now)
	m.counts[now.Unix()%60] += n
}

// forget clears the seconds that are more than a minute old.
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

// rate returns the number of events in a second, and over how long it was
// measured.
func (m *lastMinute) rate(now time.Time) (rate.Limit, time.Duration) {
	m.forget(now)
	sum := 0
	for _, n := range m.counts {
		sum += n
	}
	over := min(max(now.Sub(m.began), time.Second), time.Minute)
	return rate.Limit(float64(sum) / over.Seconds()), over
}
