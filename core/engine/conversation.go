package engine

import (
	"context"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// endTimeout is the time limit for ending a conversation, also after an
// interruption.
const endTimeout = 10 * time.Second

// conversation is a trial's conversation with the target under test. Each turn
// is recorded before the next one is sent.
type conversation struct {
	client *targetClient
	calls  caller
	rec    *recorder
	// resumed marks the replies of a conversation that continues an earlier
	// attempt; nil where it begins anew.
	resumed *resumed
	open    core.Conversation
}

// begin begins the conversation.
func (c *conversation) begin(ctx context.Context, start core.Start) error {
	c.open = absent{}
	a := c.calls.call(ctx, record.Call{Kind: record.CallStart, Name: c.client.name, Start: start}, func() (a record.Answer) {
		c.open, a.Err = c.client.start(ctx, start)
		return a
	})
	c.rec.noteGone(a.Err)
	return a.Err
}

// say sends messages, each after the first while the reply to the one before
// plays, and records a turn for each that was sent: those that were answered,
// the last of which has a failure if its reply broke off, and, in failed, the
// one that was not answered. The error is why the trial cannot go on.
func (c *conversation) say(ctx context.Context, messages []prepared) (answered []answeredTurn, failed *record.Turn, err error) {
	sent, failure := c.send(ctx, messagesOf(messages))
	c.rec.noteGone(failure)
	if err := c.rec.failed(); err != nil {
		return nil, nil, err
	}
	if sent.started.IsZero() {
		return nil, nil, errInterrupted // nothing was sent
	}
	for i, message := range messages[:len(sent.replies)] {
		t := answeredTurn{turn: record.Turn{Started: sent.started}, message: message.message, reply: sent.replies[i]}
		t.isSpokenOver = i+1 < len(messages) && t.reply.Finish == core.FinishInterrupted && t.reply.Delivered > 0
		if failure != nil && t.brokeOff() {
			t.turn.Failure = c.rec.failureOf(ctx, failure, "the reply was complete")
		}
		c.resumed.mark(&t.reply)
		t.reply.Warnings = append(slices.Clip(t.reply.Warnings), message.warnings...)
		if err := c.rec.recordAnswered(&t); err != nil {
			return nil, nil, err
		}
		answered = append(answered, t)
	}
	switch n := len(answered); {
	case failure == nil:
		return answered, nil, nil
	case n > 0 && answered[n-1].turn.Failure != nil:
		return answered, nil, interrupted(ctx)
	}
	turn := record.Turn{Started: sent.started, Sent: messages[len(sent.replies)].message}
	c.rec.warnOfTurn(messages[len(sent.replies)].warnings)
	if err := c.rec.recordFailed(&turn, c.rec.failureOf(ctx, failure, "the reply came")); err != nil {
		return nil, nil, err
	}
	return answered, &turn, interrupted(ctx)
}

// messagesOf returns the messages alone.
func messagesOf(all []prepared) []core.Message {
	messages := make([]core.Message, len(all))
	for i, m := range all {
		messages[i] = m.message
	}
	return messages
}

// send sends messages to the target.
func (c *conversation) send(ctx context.Context, messages []core.Message) (sending, error) {
	if !c.calls.isNeeded() {
		return c.client.send(ctx, c.open, messages)
	}
	sent := sending{started: time.Now()}
	call := record.Call{Kind: record.CallSend, Name: c.client.name, Turn: c.rec.turns, Messages: messages}
	a := c.calls.call(ctx, call, func() (a record.Answer) {
		sent, a.Err = c.client.send(ctx, c.open, messages)
		a.Replies, a.Unsent = sent.replies, sent.started.IsZero()
		return a
	})
	sent.replies = a.Replies
	return sent, a.Err
}

// end releases the conversation. An error is a warning: it is no evidence for
// or against the target.
func (c *conversation) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	a := c.calls.call(ctx, record.Call{Kind: record.CallEnd, Name: c.client.name, Turn: c.rec.turns}, func() record.Answer {
		return record.Answer{Err: c.open.End(ctx)}
	})
	if a.Err != nil {
		c.rec.warn("ending the conversation: %v", a.Err)
	}
}
