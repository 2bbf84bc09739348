package engine

import (
	"cmp"
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// answer is what is judged at once: the reply to a turn, and the replies to the
// results of the tools that the target called for it.
type answer struct{ turns []exchanged }

// last is the turn that the judgement belongs to.
func (a *answer) last() *exchanged { return &a.turns[len(a.turns)-1] }

// message holds the parts of all the replies.
func (a *answer) message() core.Message {
	if len(a.turns) == 1 {
		return a.turns[0].reply.Message
	}
	m := core.Message{Role: core.Assistant}
	for _, t := range a.turns {
		m.Parts = append(m.Parts, t.reply.Message.Parts...)
	}
	return m
}

// open returns why the answer is none that can be taken for a defence, and ""
// where it can: every reply was whole, and answered something that was heard,
// and the target waits for nothing more before it says what it wants to.
func (a *answer) open() string {
	for _, t := range a.turns {
		switch r := t.reply; {
		case blankMessage(r.Message) && r.Finish != core.FinishBlocked:
			return withDetail("the reply is empty", r.Detail)
		case !r.Finish.Conclusive() && !t.spokenOver:
			return withDetail(whyInconclusive(r.Finish), r.Detail)
		case r.Unheard:
			return "the target says that it heard nothing of what was said to it"
		}
	}
	return waitsFor(a.last().reply.Message)
}

// waitsFor returns what a target still waits for whose last reply calls tools:
// a call that had been answered would not be in the last reply.
func waitsFor(last core.Message) string {
	calls := last.Of(core.ToolCall)
	if len(calls) == 0 {
		return ""
	}
	call, err := readCall(calls[0])
	if err != nil {
		return "the target waits for the result of a tool"
	}
	return fmt.Sprintf("the target waits for the result of tool %q", call.Name)
}

// unseen returns which scorer that matters had nothing to judge in one of
// several replies that say something, and "" where there is none. What another
// of the replies held is no evidence of what this one did not.
func (h *holding) unseen(a *answer) string {
	if len(a.turns) == 1 {
		return "" // the score is unknown already
	}
	for _, name := range h.trial.Success.Scores() {
		on := onOf(h.scorer(name))
		for _, t := range a.turns {
			if on != core.ToolCall && saysOtherThan(on, t.reply.Message) {
				return fmt.Sprintf("scorer %q had nothing to judge in the reply of turn %d, which has no %s", name, t.Index+1, on)
			}
		}
	}
	return ""
}

// saysOtherThan reports whether a reply says something, and nothing of it in a
// modality. To call a tool is not to say something.
func saysOtherThan(on core.Modality, m core.Message) bool {
	other := false
	for _, p := range m.Parts {
		switch {
		case blank(p.Value) || p.Modality == core.ToolCall:
		case p.Modality == on:
			return false
		default:
			other = true
		}
	}
	return other
}

// judgement is what one answer proves.
type judgement struct {
	// turn is the index of the answer's last turn.
	turn  int
	truth verdict.Truth
	// reason says why the truth is what it is, without the turn's number.
	reason string
	scores []record.Score
}

// judgeAll has the replies to turns that were said in one exchange judged, in
// order. failed is the turn after them, if it was not answered; otherwise the
// tools are answered first that the target calls in the last reply, unless the
// conversation is over by then.
func (h *holding) judgeAll(ctx context.Context, conversation core.Conversation, turns []exchanged, failed *record.Turn) (done bool, err error) {
	for i := range turns {
		h.hear(turns[i])
		a := &answer{turns: turns[i : i+1 : i+1]}
		switch last := i == len(turns)-1; {
		case !last:
			h.unanswered(turns[i], "the next turn was said over its reply")
		case turns[i].message.Delivery.OutOfBand:
			h.unanswered(turns[i], "its reply is out of band, and the answer would not be")
		case failed == nil && !done:
			if failed, err = h.answerTools(ctx, conversation, a); err != nil {
				return true, err
			}
		}
		over, err := h.judgeOne(ctx, a)
		if err != nil {
			return true, err
		}
		done = done || over
	}
	if failed != nil {
		h.failWith(*failed)
		return true, nil
	}
	return done, nil
}

// hear makes a turn part of the conversation that scorers are told.
func (h *holding) hear(s exchanged) {
	h.said = append(h.said, s.message, s.reply.Message)
	for _, warning := range s.reply.Warnings {
		h.warn(h.info, "turn %d: %s", s.Index+1, warning)
	}
}

// unanswered says that tools which the target called in a reply get no answer,
// and why.
func (h *holding) unanswered(s exchanged, why string) {
	if n := len(s.reply.Message.Of(core.ToolCall)); n > 0 {
		h.warn(h.info, "turn %d: the target calls tools (%d), but %s: they get no answer", s.Index+1, n, why)
	}
}

// judgeOne has an answer judged. done says that it ends the conversation.
func (h *holding) judgeOne(ctx context.Context, a *answer) (done bool, err error) {
	j := h.judge(ctx, a)
	if err := cmp.Or(h.helpLost(), interrupted(ctx)); err != nil {
		return true, err // a scorer may have been cut off
	}
	turn := a.last().Turn
	judged := len(turn.Scores) > 0
	j.turn, turn.Scores = turn.Index, j.scores
	h.judgements = append(h.judgements, j)
	if len(j.scores) > 0 && !judged {
		if err := h.journal.RecordScores(h.trial.ID, turn.Index, j.scores); err != nil {
			return true, err
		}
	}
	h.observe(record.TurnEnded{Trial: h.info, Turn: turn})
	return j.truth == verdict.True && h.trial.StopOn != plan.StopNever, nil
}

// judge has an answer scored, unless that was done before the run was stopped, and
// evaluates the success expression. The truth is False only where the answer is whole, had something to judge, and answers
// something that was heard.
func (h *holding) judge(ctx context.Context, a *answer) judgement {
	message, last := a.message(), a.last().reply
	if blankMessage(message) {
		if last.Finish == core.FinishBlocked {
			return judgement{truth: verdict.False, reason: h.clean(withDetail("the reply was blocked", last.Detail))}
		}
		return judgement{reason: h.clean(withDetail("the reply is empty", last.Detail))}
	}
	j := judgement{scores: a.last().Scores}
	if len(j.scores) == 0 {
		j.scores = h.scoreAll(ctx, a.last().Index, message)
	}
	scores := make(map[string]core.Score, len(j.scores))
	for _, s := range j.scores {
		scores[s.Name] = s.Score
	}
	truth, err := h.trial.Success.Eval(scores)
	open := orElse(a.open(), h.unseen(a))
	switch {
	case err != nil:
		j.reason = h.clean(fmt.Sprintf("success (%s) could not be evaluated: %v", h.trial.Success, err))
	case truth == verdict.True:
		j.truth, j.reason = truth, h.whyTrue(j.scores)
	case truth != verdict.False:
		j.reason = h.whyUnknown(j.scores)
	case open != "":
		j.reason = h.clean(open)
	default:
		j.truth, j.reason = truth, fmt.Sprintf("success (%s) did not hold", h.trial.Success)
	}
	return j
}
