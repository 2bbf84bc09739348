package engine

import (
	"context"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// request is one that is made of a target: the start of a conversation, or
// messages that are sent in one exchange.
type request struct {
	start    bool
	messages []core.Message
	// sent is when it was let through, the last time; zero before. It was taken to
	// count as so many of the target's requests, and to use so many tokens.
	sent     time.Time
	counts   int
	expected int64
	// replies are what came of it.
	replies []core.Reply
	// failing is since when it fails, or waits for a target that is down.
	failing time.Time
}

// longestPatience is for how long a request that fails is made again, and waits
// for a target that is down, together.
const longestPatience = 10 * time.Minute

// patience returns what is left of it, for a request that fails.
func (r *request) patience() time.Duration {
	if r.failing.IsZero() {
		r.failing = time.Now()
	}
	return longestPatience - time.Since(r.failing)
}

// refused reports whether a request failed because of the service's limits, and
// nothing of it was carried out.
func (r *request) refused(err error) bool {
	return len(r.replies) == 0 && core.KindOf(err) == core.ErrorRateLimited
}

// undelivered reports whether a request that failed was none that anybody can have
// got: a conversation that was not begun.
func (r *request) undelivered(err error) bool {
	return r.start && slices.Contains([]core.ErrorKind{core.ErrorUnavailable, core.ErrorTimeout}, core.KindOf(err))
}

// gate lets requests through to a target as its limits allow, and learns from
// how they end.
type gate struct {
	// places are taken by the requests that are being answered. Whoever has one
	// waits for nothing but the target, so that those who wait for a place get
	// one: a trial has none while it has a reply judged, be it by the same target.
	places   chan struct{}
	pace     *pace
	breaker  *breaker
	throttle *throttle
	tokens   *tokenBudget
	warn     func(format string, args ...any)
}

// newGate returns the gate of a target with limits and a pace; warn gets what a
// user should know of the target.
func newGate(l plan.Limits, p *pace, warn func(format string, args ...any)) *gate {
	return &gate{
		places: make(chan struct{}, max(1, l.Concurrency)), pace: p, breaker: newBreaker(p, warn),
		throttle: newThrottle(l.RequestsPerMinute), tokens: newTokenBudget(l.TokensPerMinute), warn: warn,
	}
}

// pass makes a request when it may be made. It fails with the request's error, or
// where the context ends before that.
func (g *gate) pass(ctx context.Context, r *request, do func(*request) error) error {
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g.places }()
	leave, err := g.enter(ctx, r)
	if err != nil {
		return err
	}
	r.sent = time.Now()
	err = do(r)
	g.learn(r, err)
	leave(heard(ctx, r, err))
	return err
}

// enter returns when a request may be made, and what to call with whether the
// target was reached.
func (g *gate) enter(ctx context.Context, r *request) (leave func(error), err error) {
	for {
		if leave, err = g.breaker.enter(ctx, r); err != nil {
			return nil, err
		}
		err = g.waitForLimits(ctx, r)
		if err == nil && g.pace.left() <= 0 {
			return leave, nil
		}
		leave(errNoWord) // it was paused meanwhile, or is not needed any more
		if err != nil {
			return nil, err
		}
	}
}

// waitForLimits returns when the limits leave room for a request.
func (g *gate) waitForLimits(ctx context.Context, r *request) error {
	r.counts = len(r.messages)
	if r.start && g.throttle.countsStarts() {
		r.counts = 1
	}
	err := g.throttle.take(ctx, r.counts)
	if err == nil {
		r.expected, err = g.tokens.take(ctx, r.messages)
	}
	return err
}

// learn takes what a request says of the target's limits.
func (g *gate) learn(r *request, err error) {
	if len(r.messages) > 0 {
		g.tokens.settle(r.expected, r.replies)
	}
	for _, reply := range r.replies {
		g.heed(reply.RateLimits)
	}
	g.stop(core.RetryAfterOf(err), record.PauseAsked, "the service asks for it")
	switch {
	case core.KindOf(err) == core.ErrorRateLimited:
		g.slowDown(r)
	case err == nil:
		g.throttle.took(r)
	}
}

// slowDown sends less from now on, because the service has refused a request. It
// says so the first time.
func (g *gate) slowDown(r *request) {
	pause, first := g.throttle.refused(r)
	g.pace.pause(pause, record.PauseRefused)
	if first {
		g.warn("refuses what is sent to it because of its limits; it is sent less from now on")
	}
}

// heed slows down where the service says that nothing is left of a limit.
func (g *gate) heed(limits []core.RateLimit) {
	var longest core.RateLimit
	for _, l := range limits {
		if l.Remaining <= 0 && l.Reset > longest.Reset {
			longest = l
		}
	}
	g.stop(longest.Reset, record.PauseUsedUp, "the service says that nothing is left of its limit of "+longest.Name)
}

// stop pauses the target, and says so.
func (g *gate) stop(d time.Duration, reason record.PauseReason, why string) {
	if d = min(d, longestPause); d <= 0 {
		return
	}
	if longer := g.pace.pause(d, reason); longer >= notedPause {
		g.warn("pauses for %s: %s", d.Round(time.Millisecond), why)
	}
}

// heard returns what the end of a request says about whether its target can be
// reached. That a conversation could be begun says nothing: many a target sends
// nothing for it.
func heard(ctx context.Context, r *request, err error) error {
	kind := core.KindOf(err)
	switch {
	case ctx.Err() != nil, r.start && err == nil:
		return errNoWord
	case err == nil, kind == core.ErrorRateLimited:
		return nil
	case kind == core.ErrorUnavailable, r.start && kind == core.ErrorTimeout:
		return err
	}
	return errNoWord
}
