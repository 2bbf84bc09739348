package serving

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ErrEnded is the error of a call that waited for the one that ended the conversation.
var ErrEnded = core.Errorf(core.ErrorProtocol, "the conversation has ended")

// Conversation is a conversation with one call at a time: a caller may have
// given up on a Send that still runs. A call of its methods has to be between
// Acquire and Release, once other goroutines know the conversation.
type Conversation struct {
	held  core.Conversation
	busy  *semaphore.Weighted
	ended bool // guarded by Acquire
	// stop ends the context of the delivery in progress; nil for none.
	stop atomic.Pointer[context.CancelFunc]
}

// NewConversation returns a conversation that is not acquired.
func NewConversation(c core.Conversation) *Conversation {
	return &Conversation{held: c, busy: semaphore.NewWeighted(1)}
}

// Acquire waits for the conversation's last call to end. It fails with ErrEnded where
// that has ended the conversation, and where ctx ends first.
func (c *Conversation) Acquire(ctx context.Context) error {
	if err := c.busy.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for the call before to end: %w", err)
	}
	if c.ended {
		c.busy.Release(1)
		return ErrEnded
	}
	return nil
}

// Release lets the next call of the conversation begin.
func (c *Conversation) Release() { c.busy.Release(1) }

// Deliver sends messages, as [core.Deliver] does, until StopDelivery is called.
func (c *Conversation) Deliver(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.stop.Store(&stop)
	defer c.stop.Store(nil)
	return core.Deliver(ctx, c.held, messages)
}

// StopDelivery ends the context of the delivery in progress, if there is one. It may be
// called without Acquire.
func (c *Conversation) StopDelivery() {
	if stop := c.stop.Load(); stop != nil {
		(*stop)()
	}
}

// EndOnce waits for the conversation's last call, calls remove, which takes the
// conversation out of its table, and ends it. It does nothing where the conversation has
// ended, and fails where ctx ends first: the conversation stays then.
func (c *Conversation) EndOnce(ctx context.Context, remove func()) error {
	switch err := c.Acquire(ctx); {
	case errors.Is(err, ErrEnded):
		return nil
	case err != nil:
		return err
	}
	defer c.Release()
	remove()
	return c.End(ctx)
}

// End ends the conversation. The calls that wait fail with ErrEnded.
func (c *Conversation) End(ctx context.Context) error {
	c.ended = true
	return c.held.End(ctx)
}
