package limit

import (
	"context"
	"fmt"
	"time"

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
	tries, pauses := 0, pausesFrom(firstRetry, longestRetry)
	for made := 1; ; made++ {
		err := c.pass(ctx, a)
		wait := time.Duration(0) // before the next attempt; pass waits for the target
		switch {
		case err == nil:
			return nil
		case a.sent.IsZero():
			return fmt.Errorf("target %q: waiting until it may be asked: %w", c.name, err)
		case ctx.Err() != nil, c.retries == 0, a.retryTimeLeft() <= 0:
			return err
		case a.refused(err):
			a.reply.Refusals++
			if a.lacksRoom(err) {
				wait = pauses.NextBackOff()
			}
		case !a.undelivered(err):
			return err
		default:
			down, absent := c.health()
			if down {
				break
			}
			if absent || tries == c.retries {
				return err
			}
			tries++
			wait = pauses.NextBackOff()
		}
		c.events.add(record.RequestRetried{Target: c.name, Start: a.starts(), Try: made, Kind: core.KindOf(err)})
		c.events.flush()
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// health reports whether the target is down or absent.
func (c *Client) health() (down, absent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.open, c.breaker.absent()
}
