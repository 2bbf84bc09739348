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

// pace holds back what is sent to one target, for all who send to it together: a
// limit belongs to the account, not to a conversation.
type pace struct {
	// places are taken by the messages that are being answered. Whoever has one
	// waits for nothing but the target, so that those who wait for a place get
	// one: a trial has none while it has a reply judged, be it by the same target.
	places chan struct{}

	mu    sync.Mutex
	until time.Time
}

// newPace returns one for a number of messages at a time, at least 1.
func newPace(atOnce int) *pace { return &pace{places: make(chan struct{}, max(1, atOnce))} }

// enter returns when the next message may be sent, and what to call when it has
// been answered. It fails with the context's error.
func (p *pace) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	leave = func() { <-p.places }
	if err := p.wait(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
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
