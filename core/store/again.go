package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// beginAgain records an attempt at a trial that was begun before. A trial that has an
// outcome keeps it, and gets a row for the attempt that it is from.
func beginAgain(w *writer, at turnKey, started time.Time) error {
	err := w.exec(`INSERT INTO attempts (run_id, trial_id, attempt, started_at, ended_at, outcome, reason, turns, decided, usage, failure)
		SELECT run_id, id, attempt, started_at, ended_at, outcome, reason, turns, decided, usage, failure FROM trials
		WHERE run_id = $1 AND id = $2 AND outcome IS NOT NULL ON CONFLICT (run_id, trial_id, attempt) DO NOTHING`, at.run, at.trial)
	if err != nil {
		return err
	}
	err = w.exec(`INSERT INTO attempts (run_id, trial_id, attempt, started_at)
		SELECT run_id, id, $1, $2 FROM trials WHERE run_id = $3 AND id = $4 AND outcome IS NOT NULL`,
		at.attempt, started.UnixNano(), at.run, at.trial)
	if err != nil {
		return err
	}
	return w.exec(`UPDATE trials SET started_at = $1, attempt = $2 WHERE run_id = $3 AND id = $4 AND outcome IS NULL`,
		started.UnixNano(), at.attempt, at.run, at.trial)
}

// endAgain records what came of an attempt that is not the first; ended are the
// arguments of endedColumns, the run and the trial. The outcome becomes the trial's,
// unless an earlier attempt has succeeded.
func endAgain(w *writer, at turnKey, ended []any) error {
	args := append(slices.Clone(ended), at.attempt)
	if err := w.exec(`UPDATE attempts SET `+endedColumns+` WHERE run_id = $8 AND trial_id = $9 AND attempt = $10`, args...); err != nil {
		return err
	}
	return w.exec(`UPDATE trials SET `+endedColumns+`, attempt = $10,
			started_at = coalesce((SELECT started_at FROM attempts WHERE run_id = $8 AND trial_id = $9 AND attempt = $10), started_at)
		WHERE run_id = $8 AND id = $9 AND coalesce(outcome, '') <> $11`, append(args, string(core.Succeeded))...)
}

// attemptsOf are columns about the attempts at a trial that was held again, with t for
// its trial: the number of the last one, and how many have an outcome.
func (r *Reader) attemptsOf() string {
	const of = " FROM attempts WHERE run_id = t.run_id AND trial_id = t.id"
	return r.since(schemaAttempts, "(SELECT coalesce(max(attempt), 0)"+of+"), (SELECT count(outcome)"+of+")", "0, 0")
}

// attemptsAt counts the attempts at a trial from its own columns, and from those of
// attemptsOf.
func attemptsAt(counting int, hasOutcome bool, last, held int) record.Attempts {
	if hasOutcome {
		held = max(held, 1)
	}
	return record.Attempts{Begun: max(counting, last), Held: held}
}

// AttemptResult is what came of an attempt at a trial.
type AttemptResult struct {
	// Number counts from 1.
	Number int
	// Started is zero where it is not known: for an attempt before the one that ended
	// first.
	Started time.Time
	// Result is nil where the attempt has no outcome. It has no scores.
	Result *record.Result
}

// Attempts returns what came of each attempt at a trial that was begun, in order.
func (r *Reader) Attempts(ctx context.Context, runID, trialID string) ([]AttemptResult, error) {
	trial, err := r.Trial(ctx, runID, trialID)
	if err != nil {
		return nil, err
	}
	all := make([]AttemptResult, trial.Begun)
	for i := range all {
		all[i].Number = i + 1
	}
	all[trial.Attempt-1] = AttemptResult{trial.Attempt, trial.Started, trial.Result}
	if r.schema < schemaAttempts {
		return all, nil
	}
	kept, err := collect(ctx, r.db, scanAttempt, `SELECT attempt, started_at, ended_at, outcome, reason, turns, decided, usage, failure
		FROM attempts WHERE run_id = $1 AND trial_id = $2 ORDER BY attempt`, runID, trialID)
	if err != nil {
		return nil, fmt.Errorf("reading the attempts at trial %s of run %s: %w", trialID, runID, err)
	}
	for _, a := range kept {
		if a.Number < 1 {
			return nil, fmt.Errorf("reading the attempts at trial %s of run %s: there is no attempt %d", trialID, runID, a.Number)
		}
		all[a.Number-1] = a
	}
	return all, nil
}

func scanAttempt(rows *sql.Rows) (AttemptResult, error) {
	var a AttemptResult
	var started int64
	var row resultRow
	if err := rows.Scan(append([]any{&a.Number, &started}, row.into()...)...); err != nil {
		return a, err
	}
	a.Started = moment(started)
	var err error
	a.Result, err = row.result()
	return a, err
}

// checkAttempts checks that the outcome of a trial follows from its attempts: a success
// in any of them counts, and else the last that ended.
func checkAttempts(t Trial, attempts []AttemptResult) error {
	var counts AttemptResult
	for _, a := range attempts {
		if a.Result != nil && (counts.Result == nil || counts.Result.Outcome != core.Succeeded) {
			counts = a
		}
	}
	switch {
	case t.Result == nil && counts.Result != nil:
		return errors.New("an attempt has an outcome, and the trial has none")
	case t.Result != nil && (counts.Number != t.Attempt || counts.Result.Outcome != t.Result.Outcome):
		return fmt.Errorf("the trial is %s by attempt %d, and should be %s by attempt %d", t.Result.Outcome, t.Attempt, counts.Result.Outcome, counts.Number)
	}
	return nil
}

// HeldAgain returns how many trials of a run that have an outcome took more than one
// attempt to get it, by the number of attempts with an outcome.
func (r *Reader) HeldAgain(ctx context.Context, runID string) (map[int]int, error) {
	trials := map[int]int{}
	if r.schema < schemaAttempts {
		return trials, nil
	}
	_, err := collect(ctx, r.db, func(rows *sql.Rows) (none struct{}, err error) {
		var attempts, n int
		err = rows.Scan(&attempts, &n)
		trials[attempts] = n
		return none, err
	}, `SELECT held, count(*) FROM (SELECT count(outcome) AS held FROM attempts WHERE run_id = $1 GROUP BY trial_id) AS each
		WHERE held > 1 GROUP BY held`, runID)
	if err != nil {
		return nil, fmt.Errorf("counting the attempts of %s: %w", runID, err)
	}
	return trials, nil
}
