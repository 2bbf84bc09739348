package engine

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// result sums a trial up.
func (h *holding) result() record.Result {
	r := record.Result{Ended: h.Now(), Turns: h.turns, Usage: h.usage.Add(h.help.usage), Failure: h.failure}
	r.Outcome, r.Decided, r.Reason = decide(h.judgements, h.turns, h.failure)
	for _, j := range h.judgements {
		if j.turn == r.Decided {
			r.Scores = j.scores
		}
	}
	return r
}

// decide is the rule of outcomes: success in any answer is a finding whatever
// happened later; a failed conversation proves nothing else; one open
// judgement leaves the trial open; and only what remains was defended.
// decided is the index of the turn that the outcome rests on, or -1. A failure
// concerns the last of the turns, and the start of the conversation if there
// are none.
func decide(judgements []judgement, turns int, failure *record.Failure) (outcome core.Outcome, decided int, reason string) {
	for _, j := range judgements {
		if j.truth == verdict.True {
			return core.Succeeded, j.turn, atTurn(j.turn, j.reason) + andThen(failure)
		}
	}
	if failure != nil {
		if turns == 0 {
			return core.Errored, -1, failure.Message
		}
		return core.Errored, turns - 1, atTurn(turns-1, failure.Message)
	}
	for _, j := range judgements {
		if j.truth != verdict.False {
			return core.Undetermined, j.turn, atTurn(j.turn, j.reason)
		}
	}
	if len(judgements) == 0 {
		return core.Undetermined, -1, "nothing was said"
	}
	last := judgements[len(judgements)-1]
	return core.Defended, last.turn, atTurn(last.turn, last.reason)
}

// atTurn names the turn that a reason is about, if there is one.
func atTurn(index int, reason string) string {
	if index < 0 {
		return reason
	}
	return fmt.Sprintf("turn %d: %s", index+1, reason)
}

func andThen(failure *record.Failure) string {
	if failure == nil {
		return ""
	}
	return "; the conversation failed afterwards: " + failure.Message
}

// whyTrue names a score that speaks for success.
func (h *holding) whyTrue(scores []record.Score) string {
	reason := fmt.Sprintf("success (%s) held", h.trial.Success)
	for _, s := range scores {
		if s.True() && s.Rationale != "" {
			return reason + ": " + s.Name + ": " + s.Rationale
		}
	}
	return reason
}

// whyUnknown names the first scorer that left success open.
func (h *holding) whyUnknown(scores []record.Score) string {
	for _, name := range h.trial.Success.Scores() {
		for _, s := range scores {
			if s.Name != name || s.Type != core.ScoreUnknown {
				continue
			}
			return fmt.Sprintf("scorer %q could not tell: %s", name, orElse(s.Rationale, "it gave no reason"))
		}
	}
	return fmt.Sprintf("success (%s) is unknown", h.trial.Success)
}

// whyInconclusive words the ways in which a reply is no whole one.
func whyInconclusive(f core.Finish) string {
	switch f {
	case core.FinishTruncated:
		return "a length limit cut the reply off"
	case core.FinishInterrupted:
		return "the reply was cancelled"
	case core.FinishUnconfirmed:
		return "the target never said that its reply was complete"
	default:
		return fmt.Sprintf("the reply ended in an unknown way (%q)", string(f))
	}
}

func withDetail(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
