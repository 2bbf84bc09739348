package engine

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Replayer answers calls of components from a record.
type Replayer interface {
	// Answer returns the result of a trial's next call; ok is false where the
	// component itself is to be called. An error ends the run: the call differs
	// from the expected one. The call holds no secrets. Calls of one trial
	// arrive in order, except those that a component makes to helpers: these
	// may be concurrent, with the context of that component's call.
	Answer(ctx context.Context, trialID string, c record.Call) (a record.Answer, ok bool, err error)
	// End is called after the last call of a trial. An error ends the run: more
	// calls were expected.
	End(trialID string) error
}

// Unexpected is an error of a [Replayer] that ended the run.
type Unexpected struct{ error }

// Unwrap returns the error.
func (u Unexpected) Unwrap() error { return u.error }

// absent is a conversation whose replies are the [Replayer]'s.
type absent struct{}

// Send implements [core.Conversation].
func (absent) Send(context.Context, core.Message) (core.Reply, error) {
	return core.Reply{}, core.Errorf(core.ErrorInternal, "the conversation has no target: its replies are those that were recorded")
}

// End implements [core.Conversation].
func (absent) End(context.Context) error { return nil }

// caller makes the calls of one trial. It asks the Replayer for the answer
// first, and records the result of the call.
type caller struct {
	replayer Replayer // nil where every component is called
	rec      *recorder
}

// isNeeded reports whether calls are recorded, or answered by the Replayer.
// Where they are not, a trial calls its target directly.
func (c caller) isNeeded() bool { return c.rec.recordsCalls || c.replayer != nil }

// call makes a call with do, unless the Replayer knows its answer, and records
// the result.
func (c caller) call(ctx context.Context, call record.Call, do func() record.Answer) record.Answer {
	a, isReplayed := c.replayed(ctx, call)
	if !isReplayed {
		a = do()
		c.record(call, a)
	}
	return a
}

// replayed returns the Replayer's answer to a call.
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

// record records a call, if calls are recorded.
func (c caller) record(call record.Call, a record.Answer) {
	if !c.rec.recordsCalls || errors.Is(a.Err, limit.ErrStopped) {
		return
	}
	o := c.rec.inOrder()
	defer o.release()
	o.recordCall(call, a)
}
