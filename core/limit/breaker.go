package limit

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// downAfter is the number of consecutive requests that cannot reach a
	// target after which it counts as down.
	downAfter = 5
	// firstProbe and longestProbe bound the pauses between probes of a target
	// that is down; the pauses double.
	firstProbe   = time.Second
	longestProbe = time.Minute
)

// contact is what the end of a request says about whether its target can be
// reached.
type contact int

const (
	unknown contact = iota
	reached
	unreachable
)

// breaker is a circuit breaker: it says whether a target is down. While it is,
// one request at a time is let through after a pause, as a probe; the first
// that is answered lets the others follow. The client's lock guards it.
//
// A target that has never answered, in any session of the run, is absent, not
// down, and requests do not wait for it: a wrong address is the likely cause.
type breaker struct {
	// answered says that the target has answered at least once.
	answered bool
	// failures counts the consecutive requests that could not reach a target
	// which is not down.
	failures int
	// open says that the target is down, since is when it went down, and probe,
	// where not nil, is closed when the request that probes it has ended.
	open  bool
	since time.Time
	probe chan struct{}
	// generation counts how often the target went down or came back. The result
	// of a request that was let through in an earlier generation is ignored.
	generation int
	pauses     *backoff.ExponentialBackOff
}

func newBreaker() *breaker { return &breaker{pauses: pausesFrom(firstProbe, longestProbe)} }

// probed returns a channel that is closed when the present probe has ended; nil
// where there is none.
func (b *breaker) probed() <-chan struct{} { return b.probe }

// absent reports whether the target has never answered, after at least
// downAfter requests.
func (b *breaker) absent() bool { return !b.answered && b.failures >= downAfter }

// begin records that a request is let through, and returns its generation.
func (b *breaker) begin() int {
	if b.open {
		b.probe = make(chan struct{})
	}
	return b.generation
}

// end records how a request of a generation ended, and returns whether the
// target went down with it, is still down, or came back.
func (b *breaker) end(generation int, c contact) (wentDown, stillDown, cameBack bool) {
	b.answered = b.answered || c == reached
	if generation != b.generation {
		return false, false, false
	}
	if b.open {
		close(b.probe)
		b.probe = nil
		if c != reached {
			return false, c == unreachable, false
		}
		b.turn(false)
		b.pauses.Reset()
		return false, false, true
	}
	switch c {
	case reached:
		b.failures = 0
	case unreachable:
		b.failures++
	}
	if !b.answered || b.failures < downAfter {
		return false, false, false
	}
	b.turn(true)
	b.since = time.Now()
	return true, false, false
}

// turn opens or closes the breaker.
func (b *breaker) turn(open bool) {
	b.open, b.failures = open, 0
	b.generation++
}

// noteContact updates the breaker after a request that ended with err, and
// pauses a target that is down. The caller holds the lock.
func (c *Client) noteContact(a *attempt, k contact, err error) {
	wentDown, stillDown, cameBack := c.breaker.end(a.generation, k)
	if wentDown {
		c.events.add(record.TargetDown{Target: c.name, Kind: core.KindOf(err)})
	}
	if wentDown || stillDown {
		c.pause(c.breaker.pauses.NextBackOff(), record.PauseDown)
	}
	if wentDown {
		c.warn("cannot be reached; its trials wait, and it is tried again from time to time: %v", err)
	}
	if cameBack {
		after := time.Since(c.breaker.since)
		c.warn("answers again after %s", after.Round(time.Second))
		c.events.add(record.TargetUp{Target: c.name, After: after})
	}
}
