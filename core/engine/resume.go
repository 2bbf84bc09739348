package engine

import (
	"context"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// resumed is a conversation that was cut off when its run was stopped, and goes on:
// the target is told what was said. A nil one is a conversation that begins.
type resumed struct {
	start core.Start
	// turns are those that were answered. The target is not told of replies that
	// broke off.
	turns []record.Turn
	// isRetold says that the target is told of a turn.
	isRetold bool
	// isTold says that a reply bears the notice.
	isTold bool
}

// resume finds out whether a trial goes on with what is recorded of it, which rec is
// given then, and returns nil where it does not. One that is recorded call by call
// begins again: what a replay would be told is another beginning.
func resume(ctx context.Context, t *plan.Trial, rec *recorder) (*resumed, error) {
	resumer, ok := rec.journal.(Resumer)
	if !ok || t.Resume != plan.ResumeContinue || rec.recordsCalls {
		return nil, nil
	}
	recorded, err := resumer.Recorded(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	answered := slices.DeleteFunc(slices.Clone(recorded.Turns), func(t record.Turn) bool { return t.Reply == nil })
	if len(answered) == 0 {
		return nil, nil
	}
	r := &resumed{start: core.Start{SystemPrompt: t.SystemPrompt, History: slices.Clone(t.History)}, turns: answered}
	for _, t := range answered {
		if t.Failure != nil {
			continue
		}
		if why := retell(&r.start, t); why != "" {
			rec.warn("the conversation begins again: turn %d %s", t.Index+1, why)
			return nil, nil
		}
		r.isRetold = true
	}
	rec.restore(recorded)
	return r, nil
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
	if len(reply.Of(core.Audio)) > 0 && isBlankMessage(answer) {
		return "was answered without a transcript"
	}
	start.History = append(start.History, told)
	if len(answer.Parts) > 0 {
		start.History = append(start.History, answer)
	}
	return ""
}

// mark says in a reply that it is one to a conversation that was given back.
func (r *resumed) mark(reply *core.Reply) {
	if r == nil || !r.isRetold {
		return
	}
	reply.Replayed = true
	if !r.isTold {
		r.isTold = true
		reply.Warnings = append(slices.Clip(reply.Warnings), "the run was stopped before this turn; the target was told what had been said, and the conversation went on")
	}
}
