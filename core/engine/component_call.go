package engine

import (
	"context"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// componentCall is a call of a converter, a scorer or a strategy for a trial.
// Until it ends, the component may ask helpers, from many goroutines.
type componentCall struct {
	kind core.Kind
	name string
	// turn is the index of the trial's turn that the call is for.
	turn  int
	seed  uint64
	calls caller
	// stop, once closed, ends the requests to helpers; nil for never.
	stop <-chan struct{}

	cancel   context.CancelFunc
	requests sync.WaitGroup
	mu       sync.Mutex
	isOver   bool
	// begun counts the conversations that the component began, or tried to
	// begin.
	begun int
	// failure is why the last request to a helper failed; nil if it did not.
	failure error
}

// end ends the call, and its requests to helpers. It returns why the last
// request to a helper failed; nil if it did not or there was none.
func (c *componentCall) end() error {
	c.mu.Lock()
	c.isOver = true
	c.mu.Unlock()
	c.cancel()
	c.requests.Wait()
	return c.failure
}

// enter counts a request to a helper, unless the call has ended. After enter
// has returned true, the caller has to call requests.Done.
func (c *componentCall) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isOver {
		return core.Errorf(core.ErrorProtocol, "%s %q asks a target for a call that is over", c.kind, c.name)
	}
	c.requests.Add(1)
	return nil
}

// nextSeed returns the seed of the next conversation with a helper.
func (c *componentCall) nextSeed() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	return c.seed + uint64(c.begun)
}

// note records how the last request to a helper ended; nil if it was answered.
func (c *componentCall) note(failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = failure
}

// within returns the context of a request to a helper.
func (c *componentCall) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	select {
	case <-c.stop:
		cancel()
	default:
		go func() {
			select {
			case <-c.stop:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}
