package engine

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// answeredTurn is a turn that was answered and recorded, with the messages as
// they were sent and received: those in the record have no secrets.
type answeredTurn struct {
	turn    record.Turn
	message core.Message
	reply   core.Reply
	// isSpokenOver says that the campaign's next message interrupted the reply.
	// A reply that ended as interrupted with nothing delivered was cancelled for
	// another reason.
	isSpokenOver bool
	// hearing is what the target could perceive of the message.
	hearing hearing
}

// brokeOff reports whether only a part of the reply arrived.
func (t answeredTurn) brokeOff() bool { return t.reply.Finish == core.FinishBroken }

// replyGroup holds replies that are judged together: the reply to a turn, and
// the replies to the results of the tools that the target called for it. It is
// never empty.
type replyGroup []answeredTurn

// last is the turn that the judgement belongs to.
func (g replyGroup) last() answeredTurn { return g[len(g)-1] }

// message holds the parts of all the replies.
func (g replyGroup) message() core.Message {
	if len(g) == 1 {
		return g[0].reply.Message
	}
	m := core.Message{Role: core.Assistant}
	for _, t := range g {
		m.Parts = append(m.Parts, t.reply.Message.Parts...)
	}
	return m
}

// whyInconclusive returns why the replies are no proof of a defence; "" where
// they are: every one is complete and answers something that the target
// received, and no tool call is left unanswered.
func (g replyGroup) whyInconclusive() string {
	for _, t := range g {
		switch r := t.reply; {
		case isBlankMessage(r.Message) && r.Finish != core.FinishBlocked:
			return withDetail("the reply is empty", r.Detail)
		case !r.Finish.Conclusive() && !t.isSpokenOver:
			return withDetail(whyNotWhole(r.Finish), r.Detail)
		}
		if why := t.whyUnheard(); why != "" {
			return why
		}
	}
	return whyWaiting(g.last().reply.Message)
}

// whyNotWhole describes why a reply is not complete.
func whyNotWhole(f core.Finish) string {
	switch f {
	case core.FinishTruncated:
		return "a length limit cut the reply off"
	case core.FinishInterrupted:
		return "the reply was cancelled"
	case core.FinishUnconfirmed:
		return "the target never said that its reply was complete"
	case core.FinishBroken:
		return "the reply broke off"
	default:
		return fmt.Sprintf("the reply ended in an unknown way (%q)", string(f))
	}
}

// whyWaiting describes the unanswered tool calls of the last reply: a call that
// was answered is never in the last reply.
func whyWaiting(last core.Message) string {
	calls := last.WaitingCalls()
	if len(calls) == 0 {
		return ""
	}
	call, err := readCall(calls[0])
	if err != nil {
		return "the target waits for the result of a tool"
	}
	return fmt.Sprintf("the target waits for the result of tool %q", call.Name)
}

// whyUnjudged names a scorer of the success expression that had nothing to
// judge in one of several replies with content; "" for none. The other replies
// are no evidence about that one.
func (g replyGroup) whyUnjudged(success *verdict.Expression, scorers []plan.Scorer) string {
	if len(g) == 1 {
		return "" // the score is already unknown
	}
	for _, name := range success.Scores() {
		on := judgedModality(scorerNamed(name, scorers))
		for _, t := range g {
			if on != core.ToolCall && saysOtherThan(on, t.reply.Message) {
				return fmt.Sprintf("scorer %q had nothing to judge in the reply of turn %d, which has no %s", name, t.turn.Index+1, on)
			}
		}
	}
	return ""
}

// saysOtherThan reports whether a reply has content, and none in a modality. A
// tool call is not content, nor its result, and neither is reasoning.
func saysOtherThan(on core.Modality, m core.Message) bool {
	other := false
	for _, p := range m.Parts {
		switch {
		case isBlank(p.Value) || p.Modality == core.ToolCall || p.Modality == core.ToolResult:
		case p.Modality == on:
			return false
		case p.Modality == core.Reasoning:
		default:
			other = true
		}
	}
	return other
}

func withDetail(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}
