package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// resumed is a conversation that continues an earlier attempt, which ended when
// the run was stopped: the target is given the turns so far as history. nil is
// a conversation that begins anew.
type resumed struct {
	start core.Start
	// turns are those that were answered. Replies that broke off are left out
	// of the history.
	turns []record.Turn
	// isInHistory says that the turn is part of the history.
	isInHistory bool
	// isFound says that the objective was reached, so that nothing more is said.
	isFound bool
	// isTold says that a reply already bears the notice.
	isTold bool
	// helped is what was asked of helpers.
	helped []record.HelperTurn
}

// isCleanedUp reports whether the attacked system was cleaned up after the recorded
// attempt, as far as the record shows.
func (r *resumed) isCleanedUp() bool {
	for _, t := range slices.Backward(r.helped) {
		if t.Kind == core.KindAttack {
			return t.By == record.AfterTrial
		}
	}
	return false
}

// resume decides whether a trial continues its recorded attempt, and restores
// rec then; it returns nil where it does not.
func resume(ctx context.Context, t *plan.Trial, rec *recorder) (*resumed, error) {
	recorded, err := rec.recorded(ctx)
	if err != nil || !continues(t, rec) {
		return nil, err
	}
	r, why := continued(t, recorded)
	switch {
	case why != "":
		rec.warn("the conversation begins again: %s", why)
	case r != nil:
		rec.restore(recorded)
	}
	return r, nil
}

// continues reports whether a trial that was cut off goes on where that is possible. One
// whose calls are recorded begins again, because a replay of its calls would not match a
// conversation that starts with history.
func continues(t *plan.Trial, rec *recorder) bool {
	return t.Resume == plan.ResumeContinue && !rec.recordsCalls
}

// continued returns the conversation that continues a recorded attempt: nil where
// nothing was answered, and where a history cannot tell what happened, which why says.
func continued(t *plan.Trial, recorded record.RecordedTrial) (r *resumed, why string) {
	answered := answeredTurns(recorded)
	if len(answered) == 0 {
		return nil, ""
	}
	r = &resumed{start: core.Start{SystemPrompt: t.SystemPrompt, History: slices.Clone(t.History)}, turns: answered, helped: recorded.Helped}
	for _, t := range answered {
		if t.Failure != nil {
			continue
		}
		if why := appendTurn(&r.start, t); why != "" {
			return nil, fmt.Sprintf("turn %d %s", t.Index+1, why)
		}
		r.isInHistory = true
	}
	return r, ""
}

func answeredTurns(recorded record.RecordedTrial) []record.Turn {
	return slices.DeleteFunc(slices.Clone(recorded.Turns), func(t record.Turn) bool { return t.Reply == nil })
}

// appendTurn adds an answered turn to the history, or returns why that is not
// possible.
func appendTurn(start *core.Start, t record.Turn) (why string) {
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
		return "" // an out-of-band turn is not part of the conversation
	}
	told := core.Message{Role: core.User}
	for _, p := range said.Parts {
		told.Parts = append(told.Parts, core.Part{Value: p.Value})
	}
	// A reply's sounds are replaced by their transcript: no service accepts
	// audio of the assistant.
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

// mark notes in a reply that its conversation was resumed.
func (r *resumed) mark(reply *core.Reply) {
	if r == nil || !r.isInHistory {
		return
	}
	reply.Replayed = true
	if !r.isTold {
		r.isTold = true
		reply.Warnings = append(slices.Clip(reply.Warnings), "the run was stopped before this turn; the target was told what had been said, and the conversation went on")
	}
}
