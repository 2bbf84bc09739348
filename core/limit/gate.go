package limit

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// attempt is the state of a request while it is made.
type attempt struct {
	Request
	// sent is when the request was last let through; zero while it waits for
	// the first time.
	sent time.Time
	// paid counts the requests that were taken from the throttle for it while
	// it waits for the rest.
	paid int
	// counts is the number of requests that it counts as, expected the number
	// of tokens taken for it, and generation the breaker's when it was let
	// through.
	counts     int
	expected   int64
	generation int
	// reply is the result so far.
	reply Reply
	// failing is since when it fails, or waits for a target that is down; zero
	// while it does neither.
	failing time.Time
}

// starts reports whether the request begins a conversation.
func (a *attempt) starts() bool { return len(a.Messages) == 0 }

// maxRetryTime is the total time for which a failing request is repeated and
// waits for a target that is down.
const maxRetryTime = 10 * time.Minute

// retryTimeLeft returns the rest of maxRetryTime for a failing request.
func (a *attempt) retryTimeLeft() time.Duration {
	if a.failing.IsZero() {
		a.failing = time.Now()
	}
	return maxRetryTime - time.Since(a.failing)
}

// limited reports whether an error says that a limit of the service was
// reached. That includes a service that is overloaded, whatever the error's
// kind.
func limited(err error) bool {
	return core.KindOf(err) == core.ErrorRateLimited || core.SubjectOf(err) == core.SubjectLimit
}

// refused reports whether a request failed because of the service's limits and
// had no effect. For messages only [core.ErrorRateLimited] guarantees the
// latter.
func (a *attempt) refused(err error) bool {
	return len(a.reply.Replies) == 0 && limited(err) && (a.starts() || core.KindOf(err) == core.ErrorRateLimited)
}

// lacksRoom reports whether a conversation could not begin because the service holds
// as many as it can, or has no capacity, without saying when that ends.
func (a *attempt) lacksRoom(err error) bool {
	return a.starts() && limited(err) && core.KindOf(err) != core.ErrorRateLimited && core.RetryAfterOf(err) == 0
}

// undelivered reports whether a request failed before anything was said to the
// target: a conversation that did not begin.
func (a *attempt) undelivered(err error) bool {
	kind := core.KindOf(err)
	return a.starts() && (kind == core.ErrorUnavailable || kind == core.ErrorTimeout || core.SubjectOf(err) == core.SubjectReachability)
}

// contact returns what the end of a request says about whether its target can
// be reached. abandoned says that the caller gave up before the end. The
// successful start of a conversation says nothing, because many targets send
// nothing for it. Once the conversation stands, a failure concerns that
// conversation, not the target.
func (a *attempt) contact(err error, abandoned bool) contact {
	switch {
	case abandoned, a.starts() && err == nil:
		return unknown
	case err == nil, limited(err):
		return reached
	case !a.Standing && core.SubjectOf(err) == core.SubjectReachability:
		return unreachable
	}
	return unknown
}

// pass makes a request once, when the limits allow it. It fails with the
// request's error, and with the context's where that ends before the request
// could be made; sent is zero then.
func (c *Client) pass(ctx context.Context, a *attempt) error {
	a.sent = time.Time{}
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.places }()
	if err := c.enter(ctx, a); err != nil {
		c.handBack(a)
		return err
	}
	a.reply.Sent = a.sent
	replies, err := a.Make(ctx)
	a.reply.Replies = replies[:min(len(replies), len(a.Messages))]
	c.spend(a)
	c.learn(a, err, ctx.Err() != nil)
	return err
}

// enter returns when a request may be made, and has taken what it needs of the
// limits. It waits for the end of a pause before it takes anything, so that a
// request that is paused again is charged once.
func (c *Client) enter(ctx context.Context, a *attempt) error {
	for {
		if err := c.waitUntilOpen(ctx, a); err != nil {
			return err
		}
		if entered, err := c.waitForLimits(ctx, a); entered || err != nil {
			return err
		}
	}
}

// waitUntilOpen returns when the target is neither paused nor being probed. It
// fails where the context ends before that, and where the target stays down for
// longer than its retry time.
func (c *Client) waitUntilOpen(ctx context.Context, a *attempt) error {
	for ctx.Err() == nil {
		c.mu.Lock()
		left, down, probed := c.cooldown.left(), c.breaker.open, c.breaker.probed()
		c.mu.Unlock()
		switch {
		case down && a.retryTimeLeft() <= 0:
			err := core.Errorf(core.ErrorUnavailable, "the target has not come back within %s", maxRetryTime)
			c.lose(LostError{Why: "it cannot be reached any more", Err: err})
			return err
		case left > 0:
			_ = sleep(ctx, left) // the pause may have been extended
		case probed == nil:
			return nil
		default:
			select {
			case <-probed:
			case <-ctx.Done():
			}
		}
	}
	return ctx.Err()
}

// waitForLimits returns when the limits of requests and tokens had room for the
// request and it was taken. It returns with entered false if the target was
// paused or probed meanwhile. It fails where the context ends before that.
func (c *Client) waitForLimits(ctx context.Context, a *attempt) (entered bool, err error) {
	if !a.starts() || c.countsStarts() {
		select {
		case c.line <- struct{}{}:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		defer func() { <-c.line }()
	}
	for ctx.Err() == nil {
		wait, open := c.take(a)
		if !open || wait <= 0 {
			return open, nil
		}
		_ = sleep(ctx, wait)
	}
	return false, ctx.Err()
}

func (c *Client) countsStarts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.throttle.starts
}

// take takes what a request needs of the limits and lets it through, or returns
// the wait before the next try. open is false, and nothing is taken, where the
// target is paused or being probed.
func (c *Client) take(a *attempt) (wait time.Duration, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cooldown.left() > 0 || c.breaker.probed() != nil {
		return 0, false
	}
	now := time.Now()
	expected := c.tokens.estimate(a.Messages)
	if wait := c.tokens.wait(now, expected); wait > 0 {
		return wait, true
	}
	if wait := c.throttle.take(now, a); wait > 0 {
		return wait, true
	}
	c.tokens.take(now, expected)
	a.expected, a.paid, a.sent = expected, 0, now
	a.generation = c.breaker.begin()
	return 0, true
}

// handBack returns what was taken for a request that is not made.
func (c *Client) handBack(a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.throttle.handBack(a)
}

// learn updates the limits and the breaker after the end of a request.
func (c *Client) learn(a *attempt, err error, abandoned bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !a.starts() {
		c.tokens.settle(a.expected, a.reply.Replies)
	}
	for _, reply := range a.reply.Replies {
		c.pauseForLimits(reply.RateLimits)
	}
	c.stop(core.RetryAfterOf(err), record.PauseAsked, "the service asks for it")
	switch {
	case a.lacksRoom(err): // the rate is not the cause
	case limited(err):
		c.slowDown(a, core.RetryAfterOf(err) > 0)
	case err == nil:
		c.throttle.took(a)
	}
	c.noteContact(a, a.contact(err, abandoned), err)
}

// slowDown lowers the rate of requests after the service has refused one, and pauses
// them, unless the service has named a pause. It warns the first time.
func (c *Client) slowDown(a *attempt, isPauseNamed bool) {
	pause, first := c.throttle.refused(a)
	if !isPauseNamed {
		c.pause(pause, record.PauseRefused)
	}
	if first {
		c.warn("refuses what is sent to it because of its limits; it is sent less from now on")
	}
}

// pauseForLimits pauses the target where the service reports a limit as used up.
func (c *Client) pauseForLimits(limits []core.RateLimit) {
	var longest core.RateLimit
	for _, l := range limits {
		if l.Remaining <= 0 && l.Reset > longest.Reset {
			longest = l
		}
	}
	c.stop(longest.Reset, record.PauseUsedUp, "the service says that nothing is left of its limit of "+longest.Name)
}

// stop pauses the target for at most longestPause, with a warning.
func (c *Client) stop(d time.Duration, reason record.PauseReason, why string) {
	if d = min(d, longestPause); d <= 0 {
		return
	}
	if longer := c.pause(d, reason); longer >= notedPause {
		c.warn("pauses for %s: %s", d.Round(time.Millisecond), why)
	}
}
