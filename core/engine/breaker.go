package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// downAfter is how many requests in a row a target cannot be reached with
	// before it is taken to be down.
	downAfter = 5
	// firstProbe and longestProbe bound the pauses between tries of a target that
	// is down; they double.
	firstProbe   = time.Second
	longestProbe = time.Minute
)

// errNoWord is the end of a request that says nothing about whether its target can
// be reached.
var errNoWord = errors.New("no word")

// breaker keeps requests back while their target is down. One at a time is let
// through after a pause; the first that is answered lets the others follow.
//
// A target that has never answered, in any session of the run, is not down but
// absent, and not waited for: its address is wrong more often than it comes up during
// the run.
type breaker struct {
	*pace
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	pauses  *backoff.ExponentialBackOff
	warn    func(format string, args ...any)

	answered atomic.Bool
	mu       sync.Mutex
	probed   chan struct{} // closed when the request that was let through is over
	since    time.Time     // when the target went down; zero while it is not
}

func newBreaker(p *pace, warn func(format string, args ...any)) *breaker {
	b := &breaker{pace: p, warn: warn, probed: make(chan struct{}), pauses: pausesFrom(firstProbe, longestProbe)}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     time.Nanosecond, // how long it stays open is the pace's
		ReadyToTrip: func(c gobreaker.Counts) bool { return b.answered.Load() && c.ConsecutiveFailures >= downAfter },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNoWord) },
	})
	return b
}

// enter returns when a request may be sent, and what to call with how it ended:
// nil where the target answered, errNoWord where that is not known, and why it
// could not be reached otherwise. It fails where the context ends before that,
// or the target stays down.
func (b *breaker) enter(ctx context.Context, r *request) (leave func(error), err error) {
	for ctx.Err() == nil {
		probed := b.nextProbe()
		if b.down() && r.patience() <= 0 {
			return nil, core.Errorf(core.ErrorUnavailable, "it has not come back within %s", longestPatience)
		}
		if left := b.left(); left > 0 {
			_ = sleep(ctx, left)
			continue // the pause may have become longer
		}
		if done, err := b.circuit.Allow(); err == nil {
			return func(err error) { b.leave(done, err) }, nil
		}
		select {
		case <-probed:
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

func (b *breaker) nextProbe() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.probed
}

// leave ends a request.
func (b *breaker) leave(done func(error), err error) {
	if err == nil {
		b.answered.Store(true)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.circuit.State()
	done(err)
	b.note(err)
	if before != gobreaker.StateClosed {
		close(b.probed)
		b.probed = make(chan struct{})
	}
}

// note pauses and reports a target that has gone down, or still is, and reports one
// that is back.
func (b *breaker) note(err error) {
	closed := b.circuit.State() == gobreaker.StateClosed
	switch {
	case closed && !b.since.IsZero():
		b.warn("answers again after %s", time.Since(b.since).Round(time.Second))
		b.report(record.TargetUp{Target: b.target, After: time.Since(b.since)})
		b.since = time.Time{}
		b.pauses.Reset()
	case !closed && !errors.Is(err, errNoWord) && b.left() <= 0:
		if b.since.IsZero() {
			b.report(record.TargetDown{Target: b.target, Kind: core.KindOf(err)})
		}
		b.pause(b.pauses.NextBackOff(), record.PauseDown)
		if b.since.IsZero() {
			b.since = time.Now()
			b.warn("cannot be reached; its trials wait, and it is tried again from time to time: %v", err)
		}
	}
}

// down reports whether the target is waited for.
func (b *breaker) down() bool { return b.circuit.State() != gobreaker.StateClosed }

// absent reports whether the target has never answered, and was tried enough.
func (b *breaker) absent() bool {
	return !b.answered.Load() && b.circuit.Counts().ConsecutiveFailures >= downAfter
}
