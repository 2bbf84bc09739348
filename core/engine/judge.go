package engine

import (
	"cmp"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// The functions in this file are pure: they derive verdicts from replies,
// scores and failures.

// judgement is the verdict on a group of replies.
type judgement struct {
	// turn is the index of the group's last turn; -1 where there is none.
	turn  int
	truth verdict.Truth
	// reason explains the truth, without the turn's number. It may hold
	// secrets.
	reason string
	scores []record.Score
	// isPartial says that the last reply broke off: it can prove success, and
	// nothing else. The conversation failed with it or, where the run was
	// stopped then, its message was sent again.
	isPartial bool
}

// judge evaluates the success expression over the scores of a group of replies.
// The truth is False only where the replies are complete, had something to
// judge, and answer something that the target received. scorers are the
// definitions of those that success names. That something is not in a reply which
// broke off is unknown: the rest may have had it.
func judge(g replyGroup, scores []record.Score, success *verdict.Expression, scorers []plan.Scorer) judgement {
	j := judgement{turn: g.last().turn.Index, isPartial: g.last().brokeOff()}
	j.scores = scores
	named := make(map[string]core.Score, len(scores))
	for _, s := range scores {
		if j.isPartial && s.Type == core.ScoreTrueFalse && !s.True() {
			s.Score = core.UnknownScore("the rest of the reply did not arrive")
		}
		named[s.Name] = s.Score
	}
	truth, err := success.Eval(named)
	open := cmp.Or(g.whyInconclusive(), g.whyUnjudged(success, scorers))
	switch {
	case truth != verdict.True && isBlankMessage(g.message()):
		j.truth, j.reason = judgeBlank(g.last())
	case err != nil:
		j.reason = fmt.Sprintf("success (%s) could not be evaluated: %v", success, err)
	case truth == verdict.True:
		j.truth, j.reason = truth, whyTrue(success, scores)
	case truth != verdict.False && !j.isPartial:
		j.reason = whyUnknown(success, scores)
	case open != "":
		j.reason = open
	default:
		j.truth, j.reason = truth, fmt.Sprintf("success (%s) did not hold", success)
	}
	return j
}

// judgeBlank judges an empty reply, in which no scorer found anything.
func judgeBlank(t answeredTurn) (truth verdict.Truth, reason string) {
	r := t.reply
	if why := t.whyUnheard(); why != "" {
		return verdict.Unknown, why
	}
	if r.Finish == core.FinishBlocked {
		return verdict.False, withDetail("the reply was blocked", r.Detail)
	}
	return verdict.Unknown, withDetail("the reply is empty", r.Detail)
}

// whyTrue names a score that makes success true.
func whyTrue(success *verdict.Expression, scores []record.Score) string {
	reason := fmt.Sprintf("success (%s) held", success)
	for _, s := range scores {
		if s.True() && s.Rationale != "" {
			return reason + ": " + s.Name + ": " + s.Rationale
		}
	}
	return reason
}

// whyUnknown names the first scorer whose missing score leaves success unknown.
func whyUnknown(success *verdict.Expression, scores []record.Score) string {
	for _, name := range success.Scores() {
		for _, s := range scores {
			if s.Name != name || s.Type != core.ScoreUnknown {
				continue
			}
			return fmt.Sprintf("scorer %q could not tell: %s", name, cmp.Or(s.Rationale, "no reason was given"))
		}
	}
	return fmt.Sprintf("success (%s) is unknown", success)
}

// decide returns a trial's outcome: success in any reply, also one that broke
// off, is a finding, whatever happened later; a failed conversation without
// success is errored; an unknown judgement of a complete reply makes the trial
// undetermined; everything else is defended.
//
// decided is the index of the turn that decides the outcome, or -1. A failure
// concerns the last of the turns, or the start of the conversation if there are
// none.
func decide(judgements []judgement, turns int, failure *record.Failure) (outcome core.Outcome, decided int, reason string) {
	for _, j := range judgements {
		if j.truth == verdict.True {
			return core.Succeeded, j.turn, atTurn(j.turn, j.reason) + andThen(failure)
		}
	}
	if failure != nil {
		return core.Errored, turns - 1, atTurn(turns-1, failure.Message)
	}
	last := -1
	for i, j := range judgements {
		if j.isPartial {
			continue
		}
		if j.truth != verdict.False {
			return core.Undetermined, j.turn, atTurn(j.turn, j.reason)
		}
		last = i
	}
	if last < 0 {
		return core.Undetermined, -1, "nothing was said"
	}
	return core.Defended, judgements[last].turn, atTurn(judgements[last].turn, judgements[last].reason)
}

// stopEarly returns the judgements of a conversation that the attacker ended
// before all its turns, with one that leaves the trial undetermined for that
// reason.
func stopEarly(judgements []judgement, why string) []judgement {
	n := len(judgements)
	if n == 0 || judgements[n-1].isPartial {
		return append(judgements, judgement{turn: -1, reason: why})
	}
	last := judgements[n-1]
	if last.truth != verdict.False {
		return judgements // the last judgement is not a defence
	}
	return append(judgements[:n-1], judgement{turn: last.turn, reason: why, scores: last.scores})
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
