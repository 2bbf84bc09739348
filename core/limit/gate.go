package limit

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// attempt is a request while it is made.
type attempt struct {
	Request
	// sent is when the request was let through, the last time; zero while it waits.
	sent time.Time
	// paid counts the requests that were taken for it while it waits for the rest.
	paid int
	// counts is as how many of the target's requests it counts, expected how many
	// tokens were taken for it, and generation the breaker's when it was let through.
	counts     int
	expected   int64
	generation int
	// reply is what came of it so far.
	reply Reply
	// failing is since when it fails, or waits for a target that is down; zero while
	// it does neither.
	failing time.Time
}

// starts reports whether the request begins a conversation.
func (a *attempt) starts() bool { return len(a.Messages) == 0 }

// longestPatience is for how long a request that fails is made again, and waits
// for a target that is down, together.
const longestPatience = 10 * time.Minute

// patience returns what is left of it, for a request that fails.
func (a *attempt) patience() time.Duration {
	if a.failing.IsZero() {
		a.failing = time.Now()
	}
	return longestPatience - time.Since(a.failing)
}

// limited reports whether an error says that a limit of the service is reached,
// whatever its kind: a service that is too busy says so as well as one that counts.
func limited(err error) bool {
	return core.KindOf(err) == core.ErrorRateLimited || core.SubjectOf(err) == core.SubjectLimit
}

// refused reports whether a request failed because of the service's limits, and
// nothing of it was carried out. Of messages only [core.ErrorRateLimited] promises the
// latter.
func (a *attempt) refused(err error) bool {
	return len(a.reply.Replies) == 0 && limited(err) && (a.starts() || core.KindOf(err) == core.ErrorRateLimited)
}

// undelivered reports whether a request failed without anything being said to the
// target: a conversation that did not begin.
func (a *attempt) undelivered(err error) bool {
	kind := core.KindOf(err)
	return a.starts() && (kind == core.ErrorUnavailable || kind == core.ErrorTimeout || core.SubjectOf(err) == core.SubjectReachability)
}

// contact returns what the end of a request says about whether its target can be
// reached. abandoned says that nobody waited for that end. A conversation that could
// be begun says nothing: many a target sends nothing for it. Once the conversation
// stands, a failure speaks of that conversation, not of the target.
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

// pass makes a request once, when it may be made. It fails with the request's error,
// and where the context ends before the request could be made; sent is zero then.
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

// enter returns when a request may be made now, with what it takes of the limits
// taken. A pause is waited out before anything is taken, so that a request that is
// paused again is charged once.
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

// waitUntilOpen returns when the target is neither paused nor tried by another
// request to see whether it is up again. It fails where the context ends before that,
// and where the target stays down for too long.
func (c *Client) waitUntilOpen(ctx context.Context, a *attempt) error {
	for ctx.Err() == nil {
		c.mu.Lock()
		left, down, probed := c.cooldown.left(), c.breaker.open, c.breaker.probed()
		c.mu.Unlock()
		switch {
		case down && a.patience() <= 0:
			return core.Errorf(core.ErrorUnavailable, "the target has not come back within %s", longestPatience)
		case left > 0:
			_ = sleep(ctx, left) // the pause may have become longer
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

// waitForLimits returns when the limits of requests and tokens had room for a
// request, which is taken, or when the target was closed meanwhile: entered is false
// then. It fails where the context ends before that.
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

// take takes what a request needs of the limits and lets it through, or returns for
// how long to wait before the next try. open is false, and nothing is taken, where the
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

// handBack returns what was taken for a request that is not made after all.
func (c *Client) handBack(a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.throttle.handBack(a)
}

// learn takes what the end of a request says about the target.
func (c *Client) learn(a *attempt, err error, abandoned bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !a.starts() {
		c.tokens.settle(a.expected, a.reply.Replies)
	}
	for _, reply := range a.reply.Replies {
		c.heed(reply.RateLimits)
	}
	c.stop(core.RetryAfterOf(err), record.PauseAsked, "the service asks for it")
	switch {
	case limited(err):
		c.slowDown(a)
	case err == nil:
		c.throttle.took(a)
	}
	c.noteContact(a, a.contact(err, abandoned), err)
}

// slowDown sends less from now on, because the service has refused a request. It
// says so the first time.
func (c *Client) slowDown(a *attempt) {
	pause, first := c.throttle.refused(a)
	c.pause(pause, record.PauseRefused)
	if first {
		c.warn("refuses what is sent to it because of its limits; it is sent less from now on")
	}
}

// heed pauses the target where the service says that nothing is left of a limit.
func (c *Client) heed(limits []core.RateLimit) {
	var longest core.RateLimit
	for _, l := range limits {
		if l.Remaining <= 0 && l.Reset > longest.Reset {
			longest = l
		}
	}
	c.stop(longest.Reset, record.PauseUsedUp, "the service says that nothing is left of its limit of "+longest.Name)
}

// stop pauses the target for at most longestPause, and warns of it.
func (c *Client) stop(d time.Duration, reason record.PauseReason, why string) {
	if d = min(d, longestPause); d <= 0 {
		return
	}
	if longer := c.pause(d, reason); longer >= notedPause {
		c.warn("pauses for %s: %s", d.Round(time.Millisecond), why)
	}
}
