package limit

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// longestPause is the longest time for which one answer of a service pauses
	// a run.
	longestPause = 10 * time.Minute
	// notedPause is the least length, or extension, of a pause that causes a
	// warning.
	notedPause = time.Second
	// toldPause is the least extension of a pause that is reported as another
	// event: requests that are refused at the same time extend it by very
	// little.
	toldPause = 100 * time.Millisecond
)

// cooldown is the pause of a target. The client's lock guards it.
type cooldown struct {
	until time.Time
	// told says that the pause's begin event was delivered and its end event
	// was not.
	told bool
	// over fires at the end of the pause; nil before the first pause.
	over *time.Timer
}

// left returns the rest of the pause; 0 or less where there is none.
func (p *cooldown) left() time.Duration { return time.Until(p.until) }

// stop stops the timer for the end of the pause.
func (p *cooldown) stop() {
	if p.over != nil {
		p.over.Stop()
	}
}

// pause holds back requests to the target for a time, and returns by how much
// that extends the pause. A longer pause is not shortened. The caller holds the
// lock.
func (c *Client) pause(d time.Duration, why record.PauseReason) (longer time.Duration) {
	before := max(0, c.cooldown.left())
	longer = d - before
	if longer <= 0 {
		return longer
	}
	if before == 0 {
		c.tellResumed() // if the timer has not fired yet
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

// resume reports the end of a pause at a time, unless the pause was extended.
func (c *Client) resume(until time.Time) {
	c.mu.Lock()
	if c.cooldown.until.Equal(until) {
		c.tellResumed()
	}
	c.mu.Unlock()
	c.events.flush()
}

// tellResumed reports the end of a pause once. The caller holds the lock.
func (c *Client) tellResumed() {
	if c.cooldown.told {
		c.cooldown.told = false
		c.events.add(record.TargetResumed{Target: c.name})
	}
}

// sleep waits for a duration. It fails with the context's error if that ends
// first.
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
