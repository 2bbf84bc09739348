package engine

import (
	"cmp"
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// exchange says turns, each after the first over the reply to the one before,
// records them, and judges the replies. done says that the conversation is
// over.
func (h *holding) exchange(ctx context.Context, conversation core.Conversation, next []strategy.Turn) (done bool, err error) {
	ctx, end := h.step(ctx, record.Step{Kind: record.StepTurn, Turn: h.turns})
	defer func() { end(record.StepEnd{Kind: h.turnKind(err)}) }()
	started := h.Now()
	messages, failure := h.convertAll(ctx, next)
	if err := h.helpLost(); err != nil {
		return true, err
	}
	if failure != nil {
		if ctx.Err() != nil {
			return true, errInterrupted // nothing was sent
		}
		failed := &record.Turn{Started: started, Sent: messages[len(messages)-1]}
		if err := cmp.Or(h.recordFailed(ctx, failed, failure), interrupted(ctx)); err != nil {
			return true, err
		}
		return h.judgeAll(ctx, conversation, nil, failed)
	}
	turns, failed, err := h.say(ctx, conversation, messages)
	if err != nil {
		return true, err
	}
	return h.judgeAll(ctx, conversation, turns, failed)
}

// turnKind is the kind of what a turn failed with, err being why the trial cannot
// go on.
func (h *holding) turnKind(err error) core.ErrorKind {
	if errors.Is(err, errInterrupted) {
		return core.ErrorInterrupted
	}
	return cmp.Or(core.KindOf(err), record.KindOf(h.failure))
}

// exchanged is a turn that was answered and recorded, with what was really sent and
// received: the record has no secrets.
type exchanged struct {
	record.Turn
	message core.Message
	reply   core.Reply
	// spokenOver says that the campaign's next message was said over the reply.
	// One that ended as interrupted with nothing delivered was cancelled by
	// somebody else, whatever the campaign meant to do next.
	spokenOver bool
}

// say sends messages and records a turn for each that was sent: those that
// were answered, and, in failed, the one that was not. Its error is the
// Journal's, or errInterrupted.
func (h *holding) say(ctx context.Context, conversation core.Conversation, messages []core.Message) (answered []exchanged, failed *record.Turn, err error) {
	sent, failure := h.send(ctx, conversation, messages)
	if err := h.helpLost(); err != nil {
		return nil, nil, err
	}
	if sent.started.IsZero() {
		return nil, nil, errInterrupted // nothing was sent
	}
	for i, message := range messages[:len(sent.replies)] {
		e := exchanged{Turn: record.Turn{Started: sent.started}, message: message, reply: sent.replies[i]}
		e.spokenOver = i+1 < len(messages) && e.reply.Finish == core.FinishInterrupted && e.reply.Delivered > 0
		if err := h.recordAnswered(ctx, &e); err != nil {
			return nil, nil, err
		}
		answered = append(answered, e)
	}
	if failure == nil {
		return answered, nil, nil
	}
	turn := record.Turn{Started: sent.started, Sent: messages[len(sent.replies)]}
	if err := h.recordFailed(ctx, &turn, failure); err != nil {
		return nil, nil, err
	}
	return answered, &turn, interrupted(ctx)
}

// send sends messages to the trial's target.
func (h *holding) send(ctx context.Context, conversation core.Conversation, messages []core.Message) (sending, error) {
	if !h.watched() {
		return h.client().send(ctx, conversation, messages)
	}
	sent := sending{started: h.Now()}
	call := record.Call{Kind: record.CallSend, Name: h.trial.Target, Turn: h.turns, Messages: messages}
	a := h.call(ctx, call, func() (a record.Answer) {
		sent, a.Err = h.client().send(ctx, conversation, messages)
		a.Replies, a.Unsent = sent.replies, sent.started.IsZero()
		return a
	})
	sent.replies = a.Replies
	return sent, a.Err
}

// recordAnswered completes and records a turn that has a reply.
func (h *holding) recordAnswered(ctx context.Context, e *exchanged) error {
	h.before.mark(&e.reply)
	clean := h.cleanReply(e.reply)
	e.Index, e.Ended, e.Sent, e.Reply = h.turns, h.Now(), h.cleanMessage(e.message), &clean
	h.turns++
	h.usage = h.usage.Add(e.reply.Usage)
	return h.journal.RecordTurn(h.trial.ID, e.Turn)
}

// recordFailed completes and records a turn that has no reply.
func (h *holding) recordFailed(ctx context.Context, turn *record.Turn, failure error) error {
	turn.Index, turn.Ended, turn.Sent = h.turns, h.Now(), h.cleanMessage(turn.Sent)
	turn.Failure = h.failed(failure)
	if ctx.Err() != nil {
		turn.Failure = &record.Failure{Kind: core.ErrorInterrupted, Message: "the run was interrupted before the reply came"}
	}
	h.turns++
	return h.journal.RecordTurn(h.trial.ID, *turn)
}

// failWith ends the conversation with a recorded turn that failed.
func (h *holding) failWith(turn record.Turn) {
	h.failure = turn.Failure
	h.observe(record.TurnEnded{Trial: h.info, Turn: turn})
}

func tooLarge(r core.Reply) error {
	size := 0
	for _, p := range r.Message.Parts {
		size += len(p.Data)
	}
	if size > maxReply {
		return core.Errorf(core.ErrorProtocol, "a reply of %d bytes is larger than the %d allowed", size, maxReply)
	}
	return nil
}
