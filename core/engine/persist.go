package engine

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

// persist makes a request until it is answered, as long as making it again can do
// no harm. It returns how often the service refused it because of its limits.
//
// Such a refusal is always safe to answer with the same request: it was not
// carried out. Anything else that goes wrong with a message may have happened
// after it had arrived, and nobody is told the same thing twice. A conversation
// that could not be begun has been told nothing.
func (c *counterpart) persist(ctx context.Context, r *request, do func(*request) error) (refusals int, err error) {
	tries, pauses := 0, pausesFrom(firstRetry, longestRetry)
	var last error
	for made := 0; ; made++ {
		if last != nil {
			c.observe(record.RequestRetried{Target: c.name, Start: r.start, Try: made, Kind: core.KindOf(last)})
		}
		r.sent = time.Time{}
		err := c.gate.pass(ctx, r, do)
		last = err
		patience := r.patience()
		switch {
		case err == nil:
			return refusals, nil
		case r.sent.IsZero():
			return refusals, fmt.Errorf("target %q: waiting until it may be asked: %w", c.name, err)
		case ctx.Err() != nil, c.retries == 0, patience <= 0:
			return refusals, err
		case r.refused(err):
			refusals++ // and the gate waits before it lets it through again
		case !r.undelivered(err):
			return refusals, err
		case c.gate.breaker.down(): // as above
		case tries == c.retries, c.gate.breaker.absent():
			return refusals, err
		default:
			tries++
			if err := sleep(ctx, pauses.NextBackOff()); err != nil {
				return refusals, err
			}
		}
	}
}
