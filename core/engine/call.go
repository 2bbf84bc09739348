package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// CallKind is what a [Call] asks for.
type CallKind string

// The kinds of calls.
const (
	// CallStart begins a conversation with a target.
	CallStart CallKind = "start"
	// CallSend sends messages in a conversation. It is one call however often it
	// was sent until the service took it.
	CallSend CallKind = "send"
	// CallEnd ends the trial's conversation.
	CallEnd CallKind = "end"
	// CallConvert has a converter work.
	CallConvert CallKind = "convert"
	// CallScore has a scorer work.
	CallScore CallKind = "score"
)

// Call is what a trial asks of a component, or a component of a helper while it
// works for the trial. Which fields are set depends on its kind.
type Call struct {
	Kind CallKind
	// Name is the component's in the campaign.
	Name string
	// ByKind and By name the component that asks a helper; they are empty where
	// the trial itself asks.
	ByKind core.Kind
	By     string
	// Turn is the index of the trial's turn that the call is made for.
	Turn int
	// Conversation counts the trial's conversations with helpers, as that of
	// [HelperTurn] does.
	Conversation int

	// Start is what a conversation begins with, and Messages are what is sent in
	// it.
	Start    core.Start
	Messages []core.Message
	// Values are the one to be converted, or those to be judged.
	Values []core.Value
	// Objective is what a scorer is told of the attack, and Said the SHA-256 of
	// the conversation that it is told.
	Objective, Said string
}

// Answer is what came of a [Call].
type Answer struct {
	Replies []core.Reply
	Value   core.Value
	Score   core.Score
	// Err is why there is no answer, or why there are fewer replies than messages.
	Err error
	// Unsent says that nothing was sent, because nobody waited for it any more
	// when it could be, and Abandoned that nobody waited for what came of it.
	Unsent, Abandoned bool
}

// Recorded is a call with its answer, as it is kept: without secrets.
type Recorded struct {
	// Index counts the calls of a trial in the order in which they ended, from 0.
	Index  int
	Call   Call
	Answer Answer
}

// Answers stands in the place of components whose answers are known.
type Answers interface {
	// Answer returns what came of the next call of a trial; ok is false where the
	// component itself is to be asked. An error ends the run: the call is none
	// that was to be expected. There are no secrets in the call. Calls of one
	// trial come in order, but for those that a component makes to helpers: these
	// may come side by side, with the context of that component's call.
	Answer(ctx context.Context, trialID string, c Call) (a Answer, ok bool, err error)
	// End says that a trial makes no call any more. An error ends the run: there
	// was more to be expected.
	End(trialID string) error
}

// Unexpected is an error of [Answers], which ended the run.
type Unexpected struct{ error }

// Unwrap returns the error.
func (u Unexpected) Unwrap() error { return u.error }

// absent is a conversation whose replies come from [Answers].
type absent struct{}

// Send implements [core.Conversation].
func (absent) Send(context.Context, core.Message) (core.Reply, error) {
	return core.Reply{}, core.Errorf(core.ErrorInternal, "nobody is there to answer")
}

// End implements [core.Conversation].
func (absent) End(context.Context) error { return nil }

// watched reports whether calls are kept, or answered by [Answers]. Where they are
// not, nothing stands between a trial and its target.
func (h *holding) watched() bool { return h.Record || h.Answers != nil }

// call makes a call, unless its answer is known, and keeps what came of it.
func (h *holding) call(ctx context.Context, c Call, do func() Answer) Answer {
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
func (h *holding) work(ctx context.Context, kind core.Kind, c Call, do func(context.Context) Answer) (a Answer, unanswered error) {
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
func (h *holding) known(ctx context.Context, c Call) (Answer, bool) {
	if h.Answers == nil {
		return Answer{}, false
	}
	a, ok, err := h.Answers.Answer(ctx, h.trial.ID, h.cleanCall(c))
	if err != nil {
		h.help.mu.Lock()
		defer h.help.mu.Unlock()
		h.lose(Unexpected{err})
		return Answer{Err: err}, true
	}
	return a, ok
}

// keep records a call, if calls are. Whoever calls it holds the lock of what
// helpers are asked, so that calls and helper turns are kept in the same order.
func (h *holding) keep(ctx context.Context, c Call, a Answer) {
	if !h.Record || errors.Is(a.Err, errStopped) {
		return
	}
	r := Recorded{Index: h.help.calls, Call: h.cleanCall(c), Answer: h.cleanAnswer(a)}
	h.help.calls++
	if err := h.journal.RecordCall(context.WithoutCancel(ctx), h.trial.ID, r); err != nil {
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
