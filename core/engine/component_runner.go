package engine

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// workTimeout is the time limit of one call of a converter or scorer. It is
// long because they may run a model.
const workTimeout = 5 * time.Minute

// componentRunner calls a trial's converters, scorers and strategy.
type componentRunner struct {
	seeds seeds
	calls caller
	// stop, once closed, ends what components ask helpers; nil for never.
	stop <-chan struct{}
}

// run calls a converter or scorer for a turn with do, unless the Replayer knows
// the answer, and records the result. unanswered is why the component's last
// request to a helper failed; nil if it did not or there was none.
func (c *componentRunner) run(ctx context.Context, kind core.Kind, call record.Call, do func(context.Context) record.Answer) (a record.Answer, unanswered error) {
	ctx, running := c.begin(ctx, kind, call.Name, call.Turn)
	ctx = withCall(ctx, running)
	a, isReplayed := c.calls.replayed(ctx, call)
	if !isReplayed {
		a = do(ctx)
	}
	unanswered = running.end()
	c.calls.rec.noteGone(a.Err)
	if !isReplayed {
		c.calls.record(call, a)
	}
	return a, unanswered
}

// begin begins a call of a component. The component has to be called with the
// returned context, and the call has to be ended.
func (c *componentRunner) begin(ctx context.Context, kind core.Kind, name string, turn int) (context.Context, *componentCall) {
	call := &componentCall{kind: kind, name: name, turn: turn, seed: c.seeds.next(kind, name, turn), calls: c.calls, stop: c.stop}
	ctx, call.cancel = context.WithTimeout(core.WithSeed(ctx, call.seed), workTimeout)
	return ctx, call
}
