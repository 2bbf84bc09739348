package realtime

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

const (
	// firstPause and longestPause bound the pauses between attempts to connect.
	firstPause   = 500 * time.Millisecond
	longestPause = 8 * time.Second
)

// ready makes sure that there is a session for the next turn. A conversation
// whose session was lost or is out of sync gets a new one; so does one whose
// session is about to end.
func (c *conversation) ready(ctx context.Context) error {
	socket := c.session.socket
	spoke := c.config.CallID == "" && socket != nil && socket.spoke() // in a call, somebody else may talk to it, too
	if socket == nil || c.session.terms.outOfSync || socket.over() || spoke {
		return c.restore(ctx)
	}
	if !c.session.used || c.session.expires.IsZero() || time.Until(c.session.expires) > c.config.Rollover.Std() {
		return nil
	}
	if c.memory.gap != "" {
		c.ledger.warn("the session is about to end, and the conversation cannot be moved to another: " + c.memory.gap)
		return nil
	}
	if err := c.connect(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		c.ledger.warn("the session is about to end, and the conversation could not be moved to another: " + c.target.explain(err).Error())
		return nil
	}
	c.ledger.replayed = c.memory.turns > 0
	return nil
}

// restore connects again and sends the conversation so far. An error that
// another attempt cannot resolve, such as a refused key, is returned at once.
func (c *conversation) restore(ctx context.Context) error {
	lost := aboutTheAnswer(c.whyLost())
	switch {
	case !access.Retryable(lost):
		return lost
	case c.memory.gap != "":
		return core.Errorf(core.ErrorUnavailable, "%w; and the conversation cannot be given back to it: %s", lost, c.memory.gap)
	case c.config.CallID != "":
		return core.Errorf(core.ErrorUnavailable, "%w; and a call cannot be given back to it", lost)
	case c.config.Reconnects == 0:
		return core.Errorf(core.ErrorUnavailable, "%w", lost).WithHint("set reconnects to have such conversations restored")
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = firstPause, longestPause
	var last error
	try := func() (struct{}, error) {
		last = c.connect(ctx)
		return struct{}{}, afterPause(ctx, last)
	}
	_, err := backoff.Retry(ctx, try, backoff.WithBackOff(pause), backoff.WithMaxTries(uint(c.config.Reconnects)), backoff.WithMaxElapsedTime(0))
	switch {
	case err == nil:
		c.ledger.replayed = c.memory.turns > 0
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("restoring the conversation (%v): %w", lost, last) //nolint:errorlint // only the last error decides what a caller can do
}

// afterPause converts the pause before the next attempt to the backoff
// library's type.
func afterPause(ctx context.Context, err error) error {
	wait := core.RetryAfterOf(err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil, !access.Retryable(err):
		return backoff.Permanent(err)
	case wait > 0:
		return &backoff.RetryAfterError{Duration: wait}
	}
	return err
}

// whyLost says why the present session cannot be used.
func (c *conversation) whyLost() error {
	switch {
	case c.session.socket == nil:
		return core.Errorf(core.ErrorUnavailable, "the conversation has no connection")
	case c.session.socket.over():
		return c.session.socket.lost()
	}
	return core.Errorf(core.ErrorUnavailable, "the service may still be answering something else than the next turn")
}
