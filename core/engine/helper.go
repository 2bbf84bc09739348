package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// helperTarget is a target of the campaign that converters, scorers and
// strategies may ask during a call. The answers are part of the record and
// usage of the call's trial.
type helperTarget struct{ client *targetClient }

var (
	_ core.Target        = helperTarget{}
	_ core.Interruptible = (*helperConversation)(nil)
)

// helperTargets are the campaign's targets for use by components.
func helperTargets(clients map[string]*targetClient) core.Targets {
	targets := core.Targets{}
	for name, client := range clients {
		targets[name] = helperTarget{client}
	}
	return targets
}

// StartConversation implements [core.Target].
func (t helperTarget) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	by, ok := callOf(ctx)
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "target %q is asked outside of a trial", t.client.name).
			WithHint("a component asks with the context that Convert or Score was given")
	}
	return startHelper(ctx, t.client, by, start)
}

// startHelper begins a conversation with a helper for a call of a component.
func startHelper(ctx context.Context, client *targetClient, by *componentCall, start core.Start) (core.Conversation, error) {
	if err := by.enter(); err != nil {
		return nil, err
	}
	defer by.requests.Done()
	ctx, cancel := by.within(ctx)
	defer cancel()
	start.Seed = by.nextSeed()
	c := &helperConversation{by: by, rec: by.calls.rec, client: client, start: start, open: absent{}}
	return c.begin(ctx)
}

// helperConversation is a conversation of a component with a helper.
type helperConversation struct {
	by     *componentCall
	rec    *recorder
	client *targetClient
	// number is the index of the conversation among the trial's conversations
	// with helpers, from 0.
	number int
	open   core.Conversation
	// start is how the conversation began; it is recorded with the first turn.
	start core.Start
}

// begin begins the conversation, and returns it.
func (c *helperConversation) begin(ctx context.Context) (core.Conversation, error) {
	started := time.Now()
	call := record.Call{Kind: record.CallStart, Name: c.client.name, ByKind: c.by.kind, By: c.by.name, Turn: c.by.turn, Start: c.start}
	answer, isReplayed := c.by.calls.replayed(ctx, call)
	if !isReplayed {
		c.open, answer.Err = c.client.start(ctx, c.start)
		answer.Abandoned = ctx.Err() != nil
	}
	if isStopped(answer.Err) {
		return nil, c.refuse(answer.Err)
	}
	o := c.rec.inOrder()
	defer o.release()
	c.number = o.nextConversation()
	if call.Conversation = c.number; !isReplayed {
		o.recordCall(call, answer)
	}
	if answer.Err == nil {
		return c, nil
	}
	c.by.note(answer.Err)
	failed := record.Turn{Started: started, Sent: core.Message{Role: core.User}, Failure: c.failureOf(answer)}
	return nil, cmp.Or(c.recordTurn(o, failed), c.toldError(ctx, answer))
}

// Send implements [core.Conversation].
func (c *helperConversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	if len(replies) == 0 {
		return core.Reply{}, err
	}
	return replies[0], err
}

// Exchange implements [core.Interruptible]. If the target does not, sending the
// messages returns an error.
func (c *helperConversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	if err := c.by.enter(); err != nil {
		return nil, err
	}
	defer c.by.requests.Done()
	ctx, cancel := c.by.within(ctx)
	defer cancel()
	call := record.Call{
		Kind: record.CallSend, Name: c.client.name, ByKind: c.by.kind, By: c.by.name, Turn: c.by.turn,
		Conversation: c.number, Messages: messages,
	}
	sent := sending{started: time.Now()}
	answer, isReplayed := c.by.calls.replayed(ctx, call)
	if !isReplayed {
		sent, answer.Err = c.client.send(ctx, c.open, messages)
		answer.Replies, answer.Unsent, answer.Abandoned = sent.replies, sent.started.IsZero(), ctx.Err() != nil
	}
	if isStopped(answer.Err) {
		return nil, c.refuse(answer.Err)
	}
	o := c.rec.inOrder()
	defer o.release()
	if !isReplayed {
		o.recordCall(call, answer)
	}
	if answer.Unsent {
		c.by.note(answer.Err)
		return nil, answer.Err
	}
	if err := c.recordTurns(o, sent.started, messages, answer); err != nil {
		return nil, err
	}
	return answer.Replies, c.toldError(ctx, answer)
}

// recordTurns records a turn for each message that was sent. A turn whose reply
// broke off is a failure, for the component too.
func (c *helperConversation) recordTurns(o *orderedRecord, started time.Time, messages []core.Message, answer record.Answer) error {
	isRecorded := answer.Err == nil
	for i, message := range messages[:len(answer.Replies)] {
		turn := record.Turn{Started: started, Sent: message, Reply: &answer.Replies[i]}
		if answer.Err != nil && turn.Reply.Finish == core.FinishBroken {
			turn.Failure, isRecorded = c.failureOf(answer), true
		}
		if err := c.recordTurn(o, turn); err != nil {
			return err
		}
	}
	c.by.note(answer.Err)
	if isRecorded {
		return nil
	}
	return c.recordTurn(o, record.Turn{Started: started, Sent: messages[len(answer.Replies)], Failure: c.failureOf(answer)})
}

// recordTurn records a turn; the first one is recorded with the start of the
// conversation.
func (c *helperConversation) recordTurn(o *orderedRecord, turn record.Turn) error {
	t := record.HelperTurn{
		Turn: turn, Kind: c.by.kind, By: c.by.name, For: c.by.turn,
		Target: c.client.name, Conversation: c.number, Start: c.start,
	}
	c.start = core.Start{}
	return o.recordHelperTurn(t)
}

// failureOf returns, for the record, why there is no complete reply.
func (c *helperConversation) failureOf(a record.Answer) *record.Failure {
	if a.Abandoned {
		return &record.Failure{Kind: core.ErrorInterrupted, Message: "the component did not wait for the reply any more"}
	}
	return c.rec.clean.failure(a.Err)
}

// toldError returns the error for the component. It has no secrets, because
// they belong to another component. It is nil for a call that was answered.
func (c *helperConversation) toldError(ctx context.Context, a record.Answer) error {
	if a.Err == nil {
		return nil
	}
	told := c.rec.clean.error(a.Err)
	if a.Abandoned {
		told.Err = fmt.Errorf("target %q: %w", c.client.name, cmp.Or(ctx.Err(), context.Canceled))
	}
	return told
}

// refuse ends the trial without an outcome, because the run's budget is used
// up: a component without its answer must not judge.
func (c *helperConversation) refuse(err error) error {
	c.by.note(err)
	c.rec.fail(errInterrupted)
	return fmt.Errorf("target %q: %w", c.client.name, err)
}

// End implements [core.Conversation].
func (c *helperConversation) End(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return c.open.End(ctx)
}

// isStopped reports whether a bound of the scope has stopped a request to a helper. A
// helper that is lost has failed: what it was asked for is unknown.
func isStopped(err error) bool {
	_, lost := errors.AsType[*limit.LostError](err)
	return errors.Is(err, limit.ErrStopped) && !lost
}
