package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// helper is a target of the campaign as converters and scorers get it. They may
// ask it while they work for a trial, whose record and usage it becomes part of.
type helper struct{ *targetClient }

var (
	_ core.Target        = helper{}
	_ core.Interruptible = (*helperTalk)(nil)
)

// helpers are the campaign's targets as converters and scorers get them.
func (r *run) helpers() core.Targets {
	targets := core.Targets{}
	for name, c := range r.clients {
		targets[name] = helper{c}
	}
	return targets
}

// help is what the components asked of helpers for a trial, and how many calls are
// kept. It is the only part of a trial that several goroutines work on: those of a
// component.
type help struct {
	mu            sync.Mutex
	turns         int
	conversations int
	calls         int
	usage         core.Usage
	// lost is why the trial cannot go on: the error of the Journal or of the Replayer, or
	// errInterrupted.
	lost error
}

// helpLost returns why a trial cannot go on after what was asked of helpers:
// something could not be recorded, or not be sent any more.
func (h *holding) helpLost() error {
	h.help.mu.Lock()
	defer h.help.mu.Unlock()
	return h.help.lost
}

// asking is a component while it converts or judges something for a trial.
type asking struct {
	*holding
	kind core.Kind
	name string
	turn int
	seed uint64

	cancel   context.CancelFunc
	requests sync.WaitGroup
	mu       sync.Mutex
	over     bool
	// begun counts the conversations that it began, or tried to.
	begun int
	// failure is why the helper that was asked last did not answer.
	failure error
}

type askingKey struct{}

// asks begins the work of a component: the context is that of its call, and says
// to helpers on whose behalf they are asked.
func (h *holding) asks(ctx context.Context, kind core.Kind, name string, turn int) (context.Context, *asking) {
	a := &asking{holding: h, kind: kind, name: name, turn: turn, seed: h.nextSeed(kind, name, turn)}
	ctx = core.WithSeed(context.WithValue(ctx, askingKey{}, a), a.seed)
	ctx, a.cancel = context.WithTimeout(ctx, workTimeout)
	return ctx, a
}

// end ends the work, and what still goes on with helpers. It returns why the
// helper that was asked last did not answer, nil where it did or there is none.
func (a *asking) end() error {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	a.cancel()
	a.requests.Wait()
	return a.failure
}

// enter counts a request, unless the work is over.
func (a *asking) enter() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return core.Errorf(core.ErrorProtocol, "%s %q asks a target for a call that is over", a.kind, a.name)
	}
	a.requests.Add(1)
	return nil
}

// StartConversation implements [core.Target].
func (t helper) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	a, ok := ctx.Value(askingKey{}).(*asking)
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "target %q is asked outside of a trial", t.name).
			WithHint("a component asks with the context that Convert or Score was given")
	}
	if err := a.enter(); err != nil {
		return nil, err
	}
	defer a.requests.Done()
	start.Seed = a.startSeed()
	talk := &helperTalk{asking: a, to: t.targetClient, start: start, conversation: absent{}}
	turn := record.Turn{Started: a.Now(), Sent: core.Message{Role: core.User}}
	call := record.Call{Kind: record.CallStart, Name: t.name, ByKind: a.kind, By: a.name, Turn: a.turn, Start: start}
	answer, known := a.known(ctx, call)
	if !known {
		talk.conversation, answer.Err = t.start(ctx, start)
		answer.Abandoned = ctx.Err() != nil
	}
	if errors.Is(answer.Err, limit.ErrStopped) {
		return nil, talk.refused(answer.Err)
	}
	a.help.mu.Lock()
	defer a.help.mu.Unlock()
	talk.number = a.help.conversations
	a.help.conversations++
	if call.Conversation = talk.number; !known {
		a.keep(ctx, call, answer)
	}
	if answer.Err != nil {
		return nil, talk.failed(ctx, turn, answer)
	}
	return talk, nil
}

// startSeed returns the seed of the next conversation.
func (a *asking) startSeed() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun++
	return a.seed + uint64(a.begun)
}

// helperTalk is a conversation of a component with a helper.
type helperTalk struct {
	*asking
	to           *targetClient
	number       int
	conversation core.Conversation
	// start is what it began with; it is recorded with the first turn.
	start core.Start
}

// Send implements [core.Conversation].
func (t *helperTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := t.Exchange(ctx, []core.Message{m})
	if err != nil {
		return core.Reply{}, err
	}
	return replies[0], nil
}

// Exchange implements [core.Interruptible]. Whether the target does, deliver
// says.
func (t *helperTalk) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.requests.Done()
	call := record.Call{Kind: record.CallSend, Name: t.to.name, ByKind: t.kind, By: t.name, Turn: t.turn, Conversation: t.number, Messages: messages}
	sent := sending{started: t.Now()}
	answer, known := t.known(ctx, call)
	if !known {
		sent, answer.Err = t.to.send(ctx, t.conversation, messages)
		answer.Replies, answer.Unsent, answer.Abandoned = sent.replies, sent.started.IsZero(), ctx.Err() != nil
	}
	if errors.Is(answer.Err, limit.ErrStopped) {
		return nil, t.refused(answer.Err)
	}
	t.help.mu.Lock()
	defer t.help.mu.Unlock()
	if !known {
		t.keep(ctx, call, answer)
	}
	if answer.Unsent {
		return nil, answer.Err
	}
	for i, message := range messages[:len(answer.Replies)] {
		if err := t.answered(ctx, record.Turn{Started: sent.started, Sent: message}, answer.Replies[i]); err != nil {
			return nil, err
		}
	}
	if answer.Err != nil {
		return answer.Replies, t.failed(ctx, record.Turn{Started: sent.started, Sent: messages[len(answer.Replies)]}, answer)
	}
	return answer.Replies, nil
}

// End implements [core.Conversation].
func (t *helperTalk) End(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return t.conversation.End(ctx)
}

// answered records a turn that has a reply.
func (t *helperTalk) answered(ctx context.Context, turn record.Turn, reply core.Reply) error {
	t.asked(nil)
	clean := t.cleanReply(reply)
	turn.Reply = &clean
	return t.record(ctx, turn, reply.Usage)
}

// failed records a turn that the answer has no reply to, and returns the error that the
// component gets: without secrets, which are another component's.
func (t *helperTalk) failed(ctx context.Context, turn record.Turn, a record.Answer) error {
	failure := a.Err
	t.asked(failure)
	turn.Failure = t.holding.failed(failure)
	told := &core.Error{Kind: core.KindOf(failure), RetryAfter: core.RetryAfterOf(failure), Hint: t.clean(core.HintOf(failure)), Err: t.cleanError(failure)}
	if a.Abandoned {
		turn.Failure = &record.Failure{Kind: core.ErrorInterrupted, Message: "nobody waited for the reply any more"}
		told.Err = fmt.Errorf("target %q: %w", t.to.name, cmp.Or(ctx.Err(), context.Canceled))
	}
	if err := t.record(ctx, turn, core.Usage{}); err != nil {
		return err
	}
	return told
}

// refused ends the trial without an outcome: the run's budget is used up, and a
// component that gets no answer must not judge.
func (t *helperTalk) refused(err error) error {
	t.asked(err)
	t.help.mu.Lock()
	defer t.help.mu.Unlock()
	t.lose(errInterrupted)
	return fmt.Errorf("target %q: %w", t.to.name, err)
}

// asked notes how the last request ended.
func (a *asking) asked(failure error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failure = failure
}

// record completes a turn and records it. It is durable before the component
// learns of it. Whoever calls it holds the lock of what helpers are asked.
func (t *helperTalk) record(ctx context.Context, turn record.Turn, usage core.Usage) error {
	turn.Ended, turn.Sent = t.Now(), t.cleanMessage(turn.Sent)
	turn.Index = t.help.turns
	said := record.HelperTurn{Turn: turn, Kind: t.kind, By: t.name, For: t.turn, Target: t.to.name, Conversation: t.number, Start: t.cleanStart(t.start)}
	t.start = core.Start{}
	t.help.turns++
	t.help.usage = t.help.usage.Add(usage)
	err := t.journal.RecordHelperTurn(t.trial.ID, said)
	if err != nil {
		t.lose(err)
		return err
	}
	t.observe(record.HelperTurnEnded{Trial: t.info, Turn: said})
	return nil
}
