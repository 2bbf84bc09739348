package limit

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// longestPause bounds what a service can make a run wait for at once.
	longestPause = 10 * time.Minute
	// notedPause is how long a pause is that a user should know of, and by how
	// much longer one has to become that the user knows of.
	notedPause = time.Second
	// toldPause is by how much longer a pause has to become that it is told again:
	// requests that are refused at the same time make it longer by next to nothing.
	toldPause = 100 * time.Millisecond
)

// cooldown is the pause of a target. The client's lock guards it.
type cooldown struct {
	until time.Time
	// told says that the pause was told, and its end was not.
	told bool
	// over fires at the end of the pause; nil before the first one.
	over *time.Timer
}

// left returns for how long the pause still lasts; 0 or less where there is none.
func (p *cooldown) left() time.Duration { return time.Until(p.until) }

// stop keeps the end of the pause from being noticed.
func (p *cooldown) stop() {
	if p.over != nil {
		p.over.Stop()
	}
}

// pause stops what is sent to the target for a time, and returns how much longer the
// pause lasts now than it did before. A longer pause is not made shorter. The caller
// holds the lock.
func (c *Client) pause(d time.Duration, why record.PauseReason) (longer time.Duration) {
	before := max(0, c.cooldown.left())
	longer = d - before
	if longer <= 0 {
		return longer
	}
	if before == 0 {
		c.tellResumed() // where the timer has not noticed it yet
	}
	until := time.Now().Add(d)
	c.cooldown.until = until
	if before == 0 || longer >= toldPause {
		c.cooldown.told = true
		c.events.add(record.TargetPaused{Target: c.name, For: d, Reason: why})
	}
	c.cooldown.stop()
	c.cooldown.over = time.AfterFunc(d, func() { c.resume(until) })
	return longer
}

// resume tells that the pause until a time is over, unless it became longer.
func (c *Client) resume(until time.Time) {
	c.mu.Lock()
	if c.cooldown.until.Equal(until) {
		c.tellResumed()
	}
	c.mu.Unlock()
	c.events.flush()
}

// tellResumed tells the end of a pause once. The caller holds the lock.
func (c *Client) tellResumed() {
	if c.cooldown.told {
		c.cooldown.told = false
		c.events.add(record.TargetResumed{Target: c.name})
	}
}

// sleep fails with the context's error where that ends before the time is over.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
