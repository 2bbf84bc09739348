package engine

import (
	"context"
	"sync"
	"time"
)

const (
	// longestPause bounds what a service can make a run wait for at once.
	longestPause = 10 * time.Minute
	// notedPause is how long a pause is that a user should know of, and by how
	// much longer one has to become that the user knows of.
	notedPause = time.Second
)

// pace stops what is sent to one target for a time, for all who send to it
// together: a limit belongs to the account, not to a conversation.
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

// left returns for how long the pace is stopped.
func (p *pace) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
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
