package engine

import (
	"context"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// before is a conversation that was cut off when its run was stopped, and is gone on
// with: the target is told what was said.
type before struct {
	start core.Start
	// turns are those that were answered.
	turns []record.Turn
	// told says that a reply bears the notice.
	told bool
}

// recall finds out whether the trial goes on with what is recorded of it. One that is
// recorded call by call does not: what a replay would be told is another beginning.
func (h *holding) recall(ctx context.Context) error {
	resumer, ok := h.journal.(Resumer)
	if !ok || h.trial.Resume != plan.ResumeContinue || h.Record {
		return nil
	}
	begun, err := resumer.Recorded(ctx, h.trial.ID)
	if err != nil {
		return err
	}
	answered := slices.DeleteFunc(slices.Clone(begun.Turns), func(t record.Turn) bool { return t.Reply == nil })
	if len(answered) == 0 {
		return nil
	}
	start := core.Start{SystemPrompt: h.trial.SystemPrompt, History: slices.Clone(h.trial.History)}
	for _, t := range answered {
		if why := retell(&start, t); why != "" {
			h.warn(h.info, "the conversation begins again: turn %d %s", t.Index+1, why)
			return nil
		}
	}
	h.before = &before{start: start, turns: answered}
	h.turns = len(begun.Turns)
	h.help.turns = len(begun.Helped)
	for _, t := range begun.Helped {
		h.help.conversations = max(h.help.conversations, t.Conversation+1)
		if t.Reply != nil {
			h.help.usage = h.help.usage.Add(t.Reply.Usage)
		}
	}
	return nil
}

// retell adds a turn that was answered to what a conversation begins with, or says
// why it cannot be told as something that was said.
func retell(start *core.Start, t record.Turn) (why string) {
	said, reply := t.Sent, t.Reply.Message
	switch {
	case said.Role != core.User || len(reply.Of(core.ToolCall)) > 0:
		return "has to do with tools"
	case said.Delivery.InterruptAfter > 0 || t.Reply.Finish == core.FinishInterrupted:
		return "has to do with an interruption"
	}
	if prompt := said.Delivery.SystemPrompt; prompt != nil {
		start.SystemPrompt = *prompt
	}
	if said.Delivery.OutOfBand {
		return "" // the conversation does not know of it
	}
	told := core.Message{Role: core.User}
	for _, p := range said.Parts {
		told.Parts = append(told.Parts, core.Part{Value: p.Value})
	}
	// What an assistant said is told in words: no service takes its sounds back.
	answer := core.Message{Role: core.Assistant}
	for _, v := range reply.Of(core.Text) {
		answer.Parts = append(answer.Parts, core.Part{Value: v})
	}
	if len(reply.Of(core.Audio)) > 0 && blankMessage(answer) {
		return "was answered without a transcript"
	}
	start.History = append(start.History, told)
	if len(answer.Parts) > 0 {
		start.History = append(start.History, answer)
	}
	return ""
}

// takeUp makes what was said before part of the trial, and has judged what was not.
// over says that nothing is left to say.
func (h *holding) takeUp(ctx context.Context) (over bool, err error) {
	if h.before == nil {
		return false, nil
	}
	for _, t := range h.before.turns {
		h.said = append(h.said, t.Sent, t.Reply.Message)
		h.usage = h.usage.Add(t.Reply.Usage)
		over, err := h.judgeOne(ctx, &answer{turns: []exchanged{{Turn: t, message: t.Sent, reply: *t.Reply}}})
		if err != nil || over {
			return over, err
		}
	}
	next, err := h.next(ctx)
	return len(next) == 0, err
}

// mark says in a reply that it is one to a conversation that was given back.
func (b *before) mark(r *core.Reply) {
	if b == nil {
		return
	}
	r.Replayed = true
	if !b.told {
		b.told = true
		r.Warnings = append(slices.Clip(r.Warnings), "the run was stopped before this turn; the target was told what had been said, and the conversation went on")
	}
}
