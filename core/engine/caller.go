package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Replayer stands in the place of components whose answers are known.
type Replayer interface {
	// Answer returns what came of the next call of a trial; ok is false where the
	// component itself is to be asked. An error ends the run: the call is none
	// that was to be expected. There are no secrets in the call. Calls of one
	// trial come in order, but for those that a component makes to helpers: these
	// may come side by side, with the context of that component's call.
	Answer(ctx context.Context, trialID string, c record.Call) (a record.Answer, ok bool, err error)
	// End says that a trial makes no call any more. An error ends the run: there
	// was more to be expected.
	End(trialID string) error
}

// Unexpected is an error of [Replayer], which ended the run.
type Unexpected struct{ error }

// Unwrap returns the error.
func (u Unexpected) Unwrap() error { return u.error }

// absent is a conversation whose replies come from [Replayer].
type absent struct{}

// Send implements [core.Conversation].
func (absent) Send(context.Context, core.Message) (core.Reply, error) {
	return core.Reply{}, core.Errorf(core.ErrorInternal, "the conversation has no target: its replies are those that were recorded")
}

// End implements [core.Conversation].
func (absent) End(context.Context) error { return nil }

// caller makes the calls of one trial. It asks the Replayer for the answer first,
// and has what came of the call recorded.
type caller struct {
	replayer Replayer // nil where every component is asked
	rec      *recorder
}

// isNeeded reports whether calls are recorded, or answered by the Replayer. Where
// they are not, nothing has to stand between a trial and its target.
func (c caller) isNeeded() bool { return c.rec.recordsCalls || c.replayer != nil }

// call makes a call with do, unless its answer is known, and records what came of it.
func (c caller) call(ctx context.Context, call record.Call, do func() record.Answer) record.Answer {
	a, isReplayed := c.replayed(ctx, call)
	if !isReplayed {
		a = do()
		c.record(call, a)
	}
	return a
}

// replayed returns what came of a call whose answer is known.
func (c caller) replayed(ctx context.Context, call record.Call) (record.Answer, bool) {
	if c.replayer == nil {
		return record.Answer{}, false
	}
	a, ok, err := c.replayer.Answer(ctx, c.rec.trial.ID, c.rec.clean.call(call))
	if err != nil {
		c.rec.fail(Unexpected{err})
		return record.Answer{Err: err}, true
	}
	return a, ok
}

// record records a call, if calls are.
func (c caller) record(call record.Call, a record.Answer) {
	if !c.rec.recordsCalls {
		return
	}
	o := c.rec.inOrder()
	defer o.release()
	o.recordCall(call, a)
}
