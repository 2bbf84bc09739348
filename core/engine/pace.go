package engine

import (
	"context"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// longestPause bounds what a service can make a run wait for at once.
	longestPause = 10 * time.Minute
	// notedPause is how long a pause is that a user should know of, and by how
	// much longer one has to become that the user knows of.
	notedPause = time.Second
)

// pace holds back what is sent to one target, for all trials together: a limit
// belongs to the account, not to a conversation.
type pace struct {
	mu    sync.Mutex
	until time.Time
}

// pause stops the pace for a time, and returns how much longer it is stopped now
// than it was before. A longer pause is not made shorter.
func (p *pace) pause(d time.Duration) (longer time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	longer = d - max(0, p.until.Sub(now))
	if longer > 0 {
		p.until = now.Add(d)
	}
	return longer
}

// wait returns when the next message may be sent, or with the context's error.
func (p *pace) wait(ctx context.Context) error {
	for {
		left := p.left()
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C: // and it may have become longer meanwhile
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func (p *pace) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// pace is that of the trial's target.
func (h *holding) pace() *pace { return h.paces[h.trial.Target] }

// heed slows down where the service says that nothing is left of a limit.
func (h *holding) heed(limits []core.RateLimit) {
	var longest core.RateLimit
	for _, l := range limits {
		if l.Remaining <= 0 && l.Reset > longest.Reset {
			longest = l
		}
	}
	h.slowDown(longest.Reset, "the service says that nothing is left of its limit of "+longest.Name)
}

// slowDown pauses the trial's target, and says so.
func (h *holding) slowDown(d time.Duration, why string) {
	if d = min(d, longestPause); d <= 0 {
		return
	}
	if longer := h.pace().pause(d); longer >= notedPause {
		h.warn(nil, "target %q pauses for %s: %s", h.trial.Target, d.Round(time.Millisecond), why)
	}
}
