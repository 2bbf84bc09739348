package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Trial is a trial that was begun.
type Trial struct {
	ID, Attack, Variant string
	// Row and Number count from 1; Row is 0 where the attack has no rows.
	Row, Number int
	Seed        uint64

	Target       string
	Objective    string
	SystemPrompt string
	Success      string

	// Attempt is the number, from 1, of the attempt that counts: that of Result, or
	// the last one where no attempt has ended. Attempts without an outcome were
	// stopped with the run.
	Attempt int
	// Attempts counts all of them.
	record.Attempts
	// Started is when the attempt that counts began.
	Started time.Time
	// Result is nil while the trial runs, and if it did not end. Its scores
	// have no judged values; those of [Reader.Turns] do.
	Result *record.Result
}

// selectTrials is the beginning of a query for trials.
func (r *Reader) selectTrials() string {
	return `SELECT t.id, t.attack, t.variant, t.row_number, t.number, t.seed, ` + r.trialTarget() + `, a.objective, a.system_prompt, a.success,
	` + r.since(schemaResume, "t.attempt", "1") + `, ` + r.attemptsOf() + `, t.started_at, t.ended_at, t.outcome, t.reason, t.turns, t.decided, t.usage, t.failure
	FROM trials t JOIN attacks a ON a.run_id = t.run_id AND a.name = t.attack
	WHERE t.run_id = $1 `
}

// trialTarget is the expression for a trial's target, with t for its trial and a for
// its attack. An earlier version kept it with the attack only.
func (r *Reader) trialTarget() string {
	return r.since(schemaValues, "coalesce(nullif(t.target, ''), a.target)", "a.target")
}

// Trials returns the trials of a run that were begun, in the order of the plan.
func (r *Reader) Trials(ctx context.Context, runID string) ([]Trial, error) {
	// Equal texts of trials share memory.
	texts := map[string]string{}
	trials, err := collect(ctx, r.db, func(rows *sql.Rows) (Trial, error) {
		t, err := scanTrial(rows)
		for _, text := range []*string{&t.Attack, &t.Variant, &t.Target, &t.Objective, &t.SystemPrompt, &t.Success} {
			*text = once(texts, *text)
		}
		return t, err
	}, r.selectTrials()+"ORDER BY t.ordinal", runID)
	if err != nil {
		return nil, fmt.Errorf("reading the trials of %s: %w", runID, err)
	}
	byID := make(map[string]*Trial, len(trials))
	for i := range trials {
		byID[trials[i].ID] = &trials[i]
	}
	_, err = collect(ctx, r.db, func(rows *sql.Rows) (struct{}, error) {
		id, score, err := scanScore(rows)
		if trial := byID[id]; err == nil && trial != nil && trial.Result != nil {
			trial.Result.Scores = append(trial.Result.Scores, score)
		}
		return struct{}{}, err
	}, `SELECT s.trial_id, s.name, s.type, s.value, s.rationale, s.failure
		FROM scores s JOIN trials t ON t.run_id = s.run_id AND t.id = s.trial_id AND t.decided = s.turn `+r.since(schemaResume, "AND t.attempt = s.attempt", "")+`
		WHERE s.run_id = $1 ORDER BY s.trial_id, s.ordinal`, runID)
	if err != nil {
		return nil, fmt.Errorf("reading the scores of %s: %w", runID, err)
	}
	return trials, nil
}

// once returns the first of equal texts.
func once(texts map[string]string, text string) string {
	if known, ok := texts[text]; ok {
		return known
	}
	texts[text] = text
	return text
}

// Trial returns one trial, its result without scores. It fails with
// [ErrNotFound] if the run has not begun such a trial.
func (r *Reader) Trial(ctx context.Context, runID, trialID string) (Trial, error) {
	trials, err := collect(ctx, r.db, scanTrial, r.selectTrials()+"AND t.id = $2", runID, trialID)
	if err == nil && len(trials) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Trial{}, fmt.Errorf("trial %s of run %s: %w", trialID, runID, err)
	}
	return trials[0], nil
}

func scanTrial(rows *sql.Rows) (Trial, error) {
	var t Trial
	var seed, started int64
	var last, held int
	var row resultRow
	err := rows.Scan(append([]any{
		&t.ID, &t.Attack, &t.Variant, &t.Row, &t.Number, &seed, &t.Target, &t.Objective, &t.SystemPrompt, &t.Success,
		&t.Attempt, &last, &held, &started,
	}, row.into()...)...)
	if err != nil {
		return t, err
	}
	t.Seed, t.Started = uint64(seed), moment(started)
	t.Attempts = attemptsAt(t.Attempt, row.outcome.Valid, last, held)
	t.Result, err = row.result()
	return t, err
}

// resultRow holds the columns of a result, from ended_at to failure.
type resultRow struct {
	ended, turns, decided sql.NullInt64
	outcome               sql.NullString
	reason                []byte
	usage, failure        *string
}

func (r *resultRow) into() []any {
	return []any{&r.ended, &r.outcome, &r.reason, &r.turns, &r.decided, &r.usage, &r.failure}
}

// result returns the result without its scores; nil where there is no outcome.
func (r *resultRow) result() (*record.Result, error) {
	if !r.outcome.Valid {
		return nil, nil
	}
	result := &record.Result{
		Outcome: core.Outcome(r.outcome.String), Reason: string(r.reason), Ended: moment(r.ended.Int64),
		Turns: int(r.turns.Int64), Decided: int(r.decided.Int64),
	}
	var err error
	if result.Failure, err = decode[record.Failure](r.failure); err != nil {
		return nil, err
	}
	used, err := decode[core.Usage](r.usage)
	if used != nil {
		result.Usage = *used
	}
	return result, err
}

// scanScore reads a score. The first column identifies its owner.
func scanScore(rows *sql.Rows) (of string, score record.Score, err error) {
	var rationale []byte
	var failure *string
	if err := rows.Scan(&of, &score.Name, &score.Type, &score.Value, &rationale, &failure); err != nil {
		return "", score, err
	}
	score.Rationale = string(rationale)
	score.Failure, err = decode[record.Failure](failure)
	return of, score, err
}

// History returns the messages before a trial's first turn.
func (r *Reader) History(ctx context.Context, runID, trialID string) ([]core.Message, error) {
	if r.schema < schemaDelivery {
		return nil, nil
	}
	history, err := collect(ctx, r.db, func(rows *sql.Rows) (core.Message, error) {
		var m core.Message
		var data []byte
		err := rows.Scan(&m.Role, &data)
		m.Parts = []core.Part{{Value: core.TextValue(string(data))}}
		return m, err
	}, `SELECT role, data FROM history WHERE run_id = $1 AND trial_id = $2 ORDER BY ordinal`, runID, trialID)
	if err != nil {
		return nil, fmt.Errorf("reading the history of trial %s of run %s: %w", trialID, runID, err)
	}
	return history, nil
}
