package limit

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// firstRetry and longestRetry bound the pauses between tries to begin a
	// conversation; they double.
	firstRetry   = 500 * time.Millisecond
	longestRetry = 15 * time.Second
)

// retry makes a request until it is answered, as long as making it again can do no
// harm.
//
// A refusal because of limits is always safe to answer with the same request: it was
// not carried out. Anything else that goes wrong with a message may have happened
// after it had arrived, and no target is told the same thing twice. A conversation
// that could not be begun has been told nothing.
func (c *Client) retry(ctx context.Context, a *attempt) error {
	tries, pauses := 0, pausesFrom(firstRetry, longestRetry)
	for made := 1; ; made++ {
		err := c.pass(ctx, a)
		wait := time.Duration(0) // before the next try; pass waits for the target
		switch {
		case err == nil:
			return nil
		case a.sent.IsZero():
			return fmt.Errorf("target %q: waiting until it may be asked: %w", c.name, err)
		case ctx.Err() != nil, c.retries == 0, a.patience() <= 0:
			return err
		case a.refused(err):
			a.reply.Refusals++
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

// health reports whether the target is down, or has never been there.
func (c *Client) health() (down, absent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.breaker.open, c.breaker.absent()
}
