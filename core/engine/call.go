package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
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
	return core.Reply{}, core.Errorf(core.ErrorInternal, "nobody is there to answer")
}

// End implements [core.Conversation].
func (absent) End(context.Context) error { return nil }

// watched reports whether calls are kept, or answered by [Replayer]. Where they are
// not, nothing stands between a trial and its target.
func (h *holding) watched() bool { return h.Record || h.Replayer != nil }

// call makes a call, unless its answer is known, and keeps what came of it.
func (h *holding) call(ctx context.Context, c record.Call, do func() record.Answer) record.Answer {
	if a, known := h.known(ctx, c); known {
		return a
	}
	a := do()
	h.help.mu.Lock()
	defer h.help.mu.Unlock()
	h.keep(ctx, c, a)
	return a
}

// work has a converter or scorer work for a turn, with the context that do is
// given. unanswered is why the helper that it asked last did not answer.
func (h *holding) work(ctx context.Context, kind core.Kind, c record.Call, do func(context.Context) record.Answer) (a record.Answer, unanswered error) {
	ctx, asking := h.asks(ctx, kind, c.Name, c.Turn)
	a, known := h.known(ctx, c)
	if !known {
		a = do(ctx)
	}
	unanswered = asking.end()
	if !known {
		h.help.mu.Lock()
		defer h.help.mu.Unlock()
		h.keep(ctx, c, a)
	}
	return a, unanswered
}

// known returns what came of a call whose answer is known.
func (h *holding) known(ctx context.Context, c record.Call) (record.Answer, bool) {
	if h.Replayer == nil {
		return record.Answer{}, false
	}
	a, ok, err := h.Replayer.Answer(ctx, h.trial.ID, h.cleanCall(c))
	if err != nil {
		h.help.mu.Lock()
		defer h.help.mu.Unlock()
		h.lose(Unexpected{err})
		return record.Answer{Err: err}, true
	}
	return a, ok
}

// keep records a call, if calls are. Whoever calls it holds the lock of what
// helpers are asked, so that calls and helper turns are kept in the same order.
func (h *holding) keep(ctx context.Context, c record.Call, a record.Answer) {
	if !h.Record || errors.Is(a.Err, limit.ErrStopped) {
		return
	}
	r := record.RecordedCall{Index: h.help.calls, Call: h.cleanCall(c), Answer: h.cleanAnswer(a)}
	h.help.calls++
	if err := h.journal.RecordCall(h.trial.ID, r); err != nil {
		h.lose(err)
	}
}

// lose notes why the trial cannot go on. Whoever calls it holds the lock of what
// helpers are asked.
func (h *holding) lose(err error) {
	if h.help.lost == nil {
		h.help.lost = err
	}
}

// digestOf returns the SHA-256 of a conversation.
func digestOf(said []core.Message) string {
	encoded, err := json.Marshal(said)
	if err != nil {
		return "" // messages always encode
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
