package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// hold holds the attempts at one trial that the plan says, and counts its outcome, if
// it has one. The error is the Journal's or the Replayer's.
func (r *run) hold(ctx context.Context, ordinal int) error {
	var counts record.Result
	var usage core.Usage
	earlier := len(r.plan.Earlier[r.plan.Trials[ordinal].ID])
	for n := range earlier + 1 {
		t, err := r.next(ctx, ordinal, n)
		if err == nil {
			err = t.run(ctx)
		}
		switch {
		case errors.Is(err, errInterrupted):
			return nil
		case err != nil:
			return err
		case earlier == 0 && r.isDoubted(t):
			return nil
		}
		result, err := t.conclude()
		if err != nil {
			return err
		}
		usage = usage.Add(result.Usage)
		if counts.Outcome != core.Succeeded { // a success in any attempt is a finding
			counts = result
		}
	}
	r.add(counts.Outcome, usage)
	return nil
}

// attempt is one attempt at a trial.
type attempt struct {
	// before counts the attempts before it.
	before record.Attempts
	// limit is the largest number of attempts after which a trial can be a defence; 0
	// for no limit.
	limit int
	// isLast says that no other one follows in this run.
	isLast bool
}

// attemptAt returns the n-th attempt at a trial of this run, from 0.
func (r *run) attemptAt(p *plan.Trial, n int) attempt {
	before := r.options.Attempts[p.ID]
	return attempt{
		before: record.Attempts{Begun: before.Begun + n, Held: before.Held + n},
		limit:  r.plan.Evidence.MaxAttempts, isLast: n == len(r.plan.Earlier[p.ID]),
	}
}

// planned returns what is planned for the n-th attempt at a trial of this run, from 0.
func (r *run) planned(t *plan.Trial, n int) *plan.Trial {
	earlier := r.plan.Earlier[t.ID]
	if n == len(earlier) {
		return t
	}
	return &plan.Trial{Setup: earlier[n], ID: t.ID, Number: t.Number, Seed: t.Seed}
}

// applyTo returns a result that is no defence where the attempts were too many.
func (a attempt) applyTo(r record.Result) record.Result {
	if n := a.before.Held + 1; r.Outcome == core.Defended && a.limit > 0 && n > a.limit {
		r.Outcome = core.Undetermined
		r.Reason = fmt.Sprintf("it took %d attempts, and the campaign allows %d (evidence.max_attempts): what was defended then does not count", n, a.limit)
	}
	return r
}

// isOf says that the trial is the n-th attempt, from 1.
func (t *trial) isOf(n int) {
	t.rec.trial.Attempt, t.converter.trial.Attempt = n, n
}

// next returns the n-th attempt at a trial of this run, from 0: of a trial that was cut
// off after its objective had been reached, that attempt, in which nothing more is said.
// The finding stays one, whatever would have come of it.
func (r *run) next(ctx context.Context, ordinal, n int) (*trial, error) {
	if n == 0 {
		t := r.newTrial(ordinal, n)
		if isFound, err := t.rejudge(ctx); err != nil || isFound {
			return t, err
		}
	}
	return r.newTrial(ordinal, n), nil
}

// rejudge judges what is recorded of an attempt that was cut off and will not go on, and
// reports whether it had reached its objective. Replies that were not scored are scored.
func (t *trial) rejudge(ctx context.Context) (isFound bool, err error) {
	recorded, err := t.rec.recorded(context.WithoutCancel(ctx))
	if err != nil || len(answeredTurns(recorded)) == 0 {
		return false, err
	}
	if continues(t.plan, &t.rec) {
		if _, why := continued(t.plan, recorded); why == "" {
			return false, nil
		}
	}
	t.rec.restore(recorded)
	t.isOf(t.attempt.before.Begun)
	r := &resumed{turns: answeredTurns(recorded), helped: recorded.Helped, isFound: true}
	var said []core.Message
	for i, turn := range r.turns {
		said = append(said, turn.Sent, turn.Reply.Message.WithoutReasoning())
		isLast := i == len(r.turns)-1 || r.turns[i+1].Sent.Role != core.Tool
		if !isLast {
			continue // judged with the reply to the tools' results
		}
		group := t.groupOf(r.turns[:i+1])
		scores, err := t.scoresOf(ctx, group, said)
		if err != nil {
			return false, err
		}
		r.turns[i].Scores = scores
		isFound = isFound || judge(group, scores, t.plan.Success, t.scorers).truth == verdict.True
	}
	if isFound {
		t.target.resumed = r
	}
	return isFound, nil
}

// groupOf returns the last of the turns, with those before it that set off its tools.
func (t *trial) groupOf(turns []record.Turn) replyGroup {
	first := len(turns) - 1
	for first > 0 && turns[first].Sent.Role == core.Tool {
		first--
	}
	var group replyGroup
	for _, turn := range turns[first:] {
		group = append(group, t.answered(turn))
	}
	return group
}

// scoresOf returns the scores of a recorded group; it gives and records those that are
// missing.
func (t *trial) scoresOf(ctx context.Context, group replyGroup, said []core.Message) ([]record.Score, error) {
	turn := group.last().turn
	if len(turn.Scores) > 0 || !hasContent(group.message()) {
		return turn.Scores, nil
	}
	scores := t.scorer.all(ctx, turn.Index, said, group.message())
	if err := cmp.Or(t.rec.failed(), interrupted(ctx)); err != nil {
		return nil, err
	}
	return scores, t.rec.recordScores(turn.Index, scores)
}
