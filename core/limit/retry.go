package limit

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// firstRetry and longestRetry bound the pauses between attempts to begin a
	// conversation; the pauses double.
	firstRetry   = 500 * time.Millisecond
	longestRetry = 15 * time.Second
)

// retry makes a request until it is answered, as long as repeating it is safe.
//
// After a refusal because of limits it is always safe: the request had no
// effect. A message that failed otherwise may have arrived before the failure,
// and is not sent again. A conversation that did not begin can be begun again,
// because nothing was said.
func (c *Client) retry(ctx context.Context, a *attempt) error {
	tries := tries{left: c.retries, pauses: pausesFrom(firstRetry, longestRetry)}
	for made := 1; ; made++ {
		err := c.pass(ctx, a)
		switch {
		case err == nil:
			return nil
		case a.sent.IsZero():
			return c.orLost(fmt.Errorf("target %q: waiting until it may be asked: %w", c.name, err))
		case ctx.Err() != nil:
			return err
		}
		wait, again := c.tryAgain(a, &tries, err)
		if !again {
			if a.undelivered(err) { // nothing was said
				return c.orLost(err)
			}
			return err
		}
		c.events.add(record.RequestRetried{Target: c.name, Start: a.starts(), Try: made, Kind: core.KindOf(err)})
		c.events.flush()
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		if err := c.Lost(); err != nil {
			return err
		}
	}
}

// tries are what is left of a request's repetitions.
type tries struct {
	left   int
	pauses *backoff.ExponentialBackOff
}

// tryAgain reports whether a request that failed is made again, and after which pause; pass
// waits for the target.
func (c *Client) tryAgain(a *attempt, t *tries, err error) (wait time.Duration, again bool) {
	isUndelivered := a.undelivered(err)
	switch {
	case a.retryTimeLeft() <= 0:
		if isUndelivered {
			c.giveUpDown(err)
		}
		return 0, false
	case c.retries > 0 && a.refused(err):
		a.reply.Refusals++
		if a.lacksRoom(err) {
			wait = t.pauses.NextBackOff()
		}
		return wait, true
	case !isUndelivered:
		c.noteRefusal(a, err)
		if !a.Standing && core.SubjectOf(err) == core.SubjectReachability {
			c.giveUpAbsent(err)
		}
		return 0, false
	}
	if down, _ := c.health(); down && c.retries > 0 {
		return 0, true
	}
	if t.left == 0 {
		c.giveUpAbsent(err)
		return 0, false
	}
	t.left--
	return t.pauses.NextBackOff(), true
}

// health reports whether the target is down or absent.
func (c *Client) health() (down, absent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.open, c.breaker.absent()
}
