package engine

import (
	"context"
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
