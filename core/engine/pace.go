package engine

import (
	"context"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// longestPause bounds what a service can make a run wait for at once.
	longestPause = 10 * time.Minute
	// notedPause is how long a pause is that a user should know of, and by how
	// much longer one has to become that the user knows of.
	notedPause = time.Second
	// toldPause is by how much longer a pause has to become that observers are told
	// again: those who are refused at the same time make it longer by next to nothing.
	toldPause = 100 * time.Millisecond
)

// pace stops what is sent to one target for a time, for all who send to it
// together: a limit belongs to the account, not to a conversation.
type pace struct {
	target string
	// observe is told of the target; nil is nobody.
	observe func(record.Event)

	mu    sync.Mutex
	until time.Time
	// over fires at the end of a pause, where somebody is told of it.
	over *time.Timer
}

// pause stops the pace for a time, and returns how much longer it is stopped now
// than it was before. A longer pause is not made shorter.
func (p *pace) pause(d time.Duration, why record.PauseReason) (longer time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	before := max(0, p.until.Sub(now))
	longer = d - before
	if longer > 0 {
		p.until = now.Add(d)
		p.paused(d, why, before == 0 || longer >= toldPause)
	}
	return longer
}

// paused tells of a pause, if that is news, and of its end when that has come.
func (p *pace) paused(d time.Duration, why record.PauseReason, news bool) {
	if p.observe == nil {
		return
	}
	if news {
		p.observe(record.TargetPaused{Target: p.target, For: d, Reason: why})
	}
	if p.over != nil {
		p.over.Stop()
	}
	until := p.until
	p.over = time.AfterFunc(d, func() { p.resume(until) })
}

// resume tells that the pause until a time is over, unless it became longer.
func (p *pace) resume(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.observe != nil && p.until.Equal(until) {
		p.observe(record.TargetResumed{Target: p.target})
	}
}

// report tells of the target.
func (p *pace) report(e record.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.observe != nil {
		p.observe(e)
	}
}

// close sees to it that nobody is told of anything any more.
func (p *pace) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.observe = nil
	if p.over != nil {
		p.over.Stop()
	}
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
