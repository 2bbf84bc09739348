package engine

import (
	"context"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// componentCall is a call of a converter, a scorer or a strategy on behalf of a
// trial. As long as it lasts, the component may ask helpers, from many goroutines.
type componentCall struct {
	kind core.Kind
	name string
	// turn is the index of the trial's turn that the component works for.
	turn  int
	seed  uint64
	calls caller

	cancel   context.CancelFunc
	requests sync.WaitGroup
	mu       sync.Mutex
	isOver   bool
	// begun counts the conversations that the component began, or tried to.
	begun int
	// failure is why the helper that was asked last did not answer.
	failure error
}

// end ends the call, and what still goes on with helpers. It returns why the helper
// that was asked last did not answer, nil where it did or there is none.
func (c *componentCall) end() error {
	c.mu.Lock()
	c.isOver = true
	c.mu.Unlock()
	c.cancel()
	c.requests.Wait()
	return c.failure
}

// enter counts a request to a helper, unless the call is over. Who enters calls
// requests.Done.
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

// note notes how the last request to a helper ended; nil where it was answered.
func (c *componentCall) note(failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = failure
}
