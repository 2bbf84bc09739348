package engine

import (
	"context"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// workTimeout bounds one call of a converter or scorer. They may run a model; one
// that takes longer than this hangs.
const workTimeout = 5 * time.Minute

// componentRunner has a trial's converters, scorers and strategy work.
type componentRunner struct {
	seeds seeds
	calls caller
}

// run has a converter or scorer work for a turn, with the context that do is given,
// unless the answer is known, and records what came of it. unanswered is why the
// helper that it asked last did not answer; nil where it did, or none was asked.
func (c *componentRunner) run(ctx context.Context, kind core.Kind, call record.Call, do func(context.Context) record.Answer) (a record.Answer, unanswered error) {
	ctx, running := c.begin(ctx, kind, call.Name, call.Turn)
	ctx = withCall(ctx, running)
	a, isReplayed := c.calls.replayed(ctx, call)
	if !isReplayed {
		a = do(ctx)
	}
	unanswered = running.end()
	if !isReplayed {
		c.calls.record(call, a)
	}
	return a, unanswered
}

// begin begins a call of a component. What the component does has to be done with
// the context that it returns, and the call be ended.
func (c *componentRunner) begin(ctx context.Context, kind core.Kind, name string, turn int) (context.Context, *componentCall) {
	call := &componentCall{kind: kind, name: name, turn: turn, seed: c.seeds.next(kind, name, turn), calls: c.calls}
	ctx, call.cancel = context.WithTimeout(core.WithSeed(ctx, call.seed), workTimeout)
	return ctx, call
}

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
