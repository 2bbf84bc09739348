package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
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

	// Attempt counts from 1. The attempts before it were not ended, because the
	// run was stopped.
	Attempt int
	// Started is when that attempt began.
	Started time.Time
	// Result is nil while the trial is held, and if it was never ended. Its
	// scores come without the values that were judged; [Store.Turns] has
	// those.
	Result *record.Result
}

// selectTrials begins a query for trials.
func (s *Store) selectTrials() string {
	return `SELECT t.id, t.attack, t.variant, t.row_number, t.number, t.seed, a.target, a.objective, a.system_prompt, a.success,
	` + s.since(schemaResume, "t.attempt", "1") + `, t.started_at, t.ended_at, t.outcome, t.reason, t.turns, t.decided, t.usage, t.failure
	FROM trials t JOIN attacks a ON a.run_id = t.run_id AND a.name = t.attack
	WHERE t.run_id = $1 `
}

// lastAttempt stands for the number of the last attempt at a trial.
const lastAttempt = 0

// ofAttempt narrows a query for what was said in the trial $2 of the run $1 to
// one attempt at it.
func (s *Store) ofAttempt(number int) string {
	wanted := "(SELECT attempt FROM trials WHERE run_id = $1 AND id = $2)"
	if number != lastAttempt {
		wanted = strconv.Itoa(number)
	}
	return s.since(schemaResume, "AND attempt = "+wanted, "")
}

// Trials returns the trials of a run that were begun, in the order of the plan.
func (s *Store) Trials(ctx context.Context, runID string) ([]Trial, error) {
	// What trials have in common is kept once.
	texts := map[string]string{}
	trials, err := collect(ctx, s.reads, func(rows *sql.Rows) (Trial, error) {
		t, err := scanTrial(rows)
		for _, text := range []*string{&t.Attack, &t.Variant, &t.Target, &t.Objective, &t.SystemPrompt, &t.Success} {
			*text = once(texts, *text)
		}
		return t, err
	}, s.selectTrials()+"ORDER BY t.ordinal", runID)
	if err != nil {
		return nil, fmt.Errorf("reading the trials of %s: %w", runID, err)
	}
	byID := make(map[string]*Trial, len(trials))
	for i := range trials {
		byID[trials[i].ID] = &trials[i]
	}
	_, err = collect(ctx, s.reads, func(rows *sql.Rows) (struct{}, error) {
		id, score, err := scanScore(rows)
		if trial := byID[id]; err == nil && trial != nil && trial.Result != nil {
			trial.Result.Scores = append(trial.Result.Scores, score)
		}
		return struct{}{}, err
	}, `SELECT s.trial_id, s.name, s.type, s.value, s.rationale, s.failure
		FROM scores s JOIN trials t ON t.run_id = s.run_id AND t.id = s.trial_id AND t.decided = s.turn `+s.since(schemaResume, "AND t.attempt = s.attempt", "")+`
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
func (s *Store) Trial(ctx context.Context, runID, trialID string) (Trial, error) {
	trials, err := collect(ctx, s.reads, scanTrial, s.selectTrials()+"AND t.id = $2", runID, trialID)
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
	var r record.Result
	var seed, started int64
	var ended, turns, decided sql.NullInt64
	var outcome sql.NullString
	var reason []byte
	var usage, failure *string
	err := rows.Scan(&t.ID, &t.Attack, &t.Variant, &t.Row, &t.Number, &seed, &t.Target, &t.Objective, &t.SystemPrompt, &t.Success,
		&t.Attempt, &started, &ended, &outcome, &reason, &turns, &decided, &usage, &failure)
	if err != nil {
		return t, err
	}
	t.Seed, t.Started = uint64(seed), moment(started)
	if !outcome.Valid {
		return t, nil
	}
	r.Outcome, r.Reason, r.Ended = core.Outcome(outcome.String), string(reason), moment(ended.Int64)
	r.Turns, r.Decided = int(turns.Int64), int(decided.Int64)
	if r.Failure, err = decode[record.Failure](failure); err != nil {
		return t, err
	}
	used, err := decode[core.Usage](usage)
	if used != nil {
		r.Usage = *used
	}
	t.Result = &r
	return t, err
}

// scanScore reads a score after the column that says whose it is.
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

// Turns returns the turns of the last attempt at a trial with all that was said, artifacts
// included. It fails where an artifact is missing or damaged.
func (s *Store) Turns(ctx context.Context, runID, trialID string) ([]record.Turn, error) {
	turns, err := s.turns(ctx, runID, trialID, lastAttempt)
	if err != nil {
		return nil, fmt.Errorf("reading the turns of trial %s of run %s: %w", trialID, runID, err)
	}
	return turns, nil
}

// Attempt is what was said in one attempt at a trial.
type Attempt struct {
	Turns       []record.Turn
	HelperTurns []record.HelperTurn
}

// Attempt returns what was said in an attempt at a trial, counted from 1, as
// [Store.Turns] and [Store.HelperTurns] return it for the last one. It fails with
// [ErrNotFound] if there was no such attempt.
func (s *Store) Attempt(ctx context.Context, runID, trialID string, number int) (Attempt, error) {
	trial, err := s.Trial(ctx, runID, trialID)
	if err != nil {
		return Attempt{}, err
	}
	if number < 1 || number > trial.Attempt {
		return Attempt{}, fmt.Errorf("attempt %d at trial %s of run %s: %w", number, trialID, runID, ErrNotFound)
	}
	var a Attempt
	if a.Turns, err = s.turns(ctx, runID, trialID, number); err == nil {
		a.HelperTurns, err = s.helperTurns(ctx, runID, trialID, number)
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("reading attempt %d at trial %s of run %s: %w", number, trialID, runID, err)
	}
	return a, nil
}

func (s *Store) turns(ctx context.Context, runID, trialID string, attempt int) ([]record.Turn, error) {
	turns, err := collect(ctx, s.reads, scanTurn, `SELECT turn, started_at, ended_at, reply, failure, `+s.since(schemaDelivery, "sent_role, delivery", "'user', NULL")+`
		FROM turns WHERE run_id = $1 AND trial_id = $2 `+s.ofAttempt(attempt)+` ORDER BY turn`, runID, trialID)
	if err != nil {
		return nil, err
	}
	parts, err := s.parts(ctx, runID, trialID, attempt)
	if err != nil {
		return nil, err
	}
	for i := range turns {
		if err := s.fillTurn(ctx, &turns[i], parts, runID, trialID, attempt); err != nil {
			return nil, err
		}
	}
	return turns, nil
}

// History returns what had been said before a trial's first turn.
func (s *Store) History(ctx context.Context, runID, trialID string) ([]core.Message, error) {
	if s.schema < schemaDelivery {
		return nil, nil
	}
	history, err := collect(ctx, s.reads, func(rows *sql.Rows) (core.Message, error) {
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

func scanTurn(rows *sql.Rows) (record.Turn, error) {
	var t record.Turn
	var row turnRow
	if err := rows.Scan(&t.Index, &row.started, &row.ended, &row.reply, &row.failure, &t.Sent.Role, &row.delivery); err != nil {
		return t, err
	}
	return t, row.into(&t)
}

// corner is where a part belongs.
type corner struct {
	turn  int
	place string
}

// fillTurn puts the parts and the scores into a turn.
func (s *Store) fillTurn(ctx context.Context, t *record.Turn, parts map[corner][]core.Part, runID, trialID string, attempt int) error {
	t.Sent.Parts = parts[corner{t.Index, placeSent}]
	if t.Reply != nil {
		t.Reply.Message = core.Message{Role: core.Assistant, Parts: parts[corner{t.Index, placeReply}]}
	}
	var err error
	t.Scores, err = collect(ctx, s.reads, func(rows *sql.Rows) (record.Score, error) {
		_, score, err := scanScore(rows)
		return score, err
	}, `SELECT trial_id, name, type, value, rationale, failure
		FROM scores WHERE run_id = $1 AND trial_id = $2 AND turn = $3 `+s.ofAttempt(attempt)+` ORDER BY ordinal`, runID, trialID, t.Index)
	for i := range t.Scores {
		for _, p := range parts[corner{t.Index, placeJudged(i)}] {
			t.Scores[i].Judged = append(t.Scores[i].Judged, p.Value)
		}
	}
	return err
}

// parts returns every part of an attempt at a trial.
func (s *Store) parts(ctx context.Context, runID, trialID string, attempt int) (map[corner][]core.Part, error) {
	parts := map[corner][]core.Part{}
	_, err := collect(ctx, s.reads, func(rows *sql.Rows) (struct{}, error) {
		at, part, err := s.scanPart(ctx, rows)
		parts[at] = append(parts[at], part)
		return struct{}{}, err
	}, `SELECT turn, place, modality, media_type, data, artifact, transcript, `+s.since(schemaDelivery, "undelivered", "0")+`, converters,
		original_modality, original_media_type, original_data, original_artifact
		FROM parts WHERE run_id = $1 AND trial_id = $2 `+s.ofAttempt(attempt)+` ORDER BY turn, place, ordinal`, runID, trialID)
	return parts, err
}

func (s *Store) scanPart(ctx context.Context, rows *sql.Rows) (corner, core.Part, error) {
	var at corner
	var p core.Part
	var artifact, converters, originalModality, originalType, originalArtifact *string
	var original []byte
	err := rows.Scan(&at.turn, &at.place, &p.Modality, &p.MediaType, &p.Data, &artifact, &p.Transcript, &p.Undelivered, &converters,
		&originalModality, &originalType, &original, &originalArtifact)
	if err != nil {
		return at, p, err
	}
	if p.Data, err = s.load(ctx, p.Data, artifact); err != nil {
		return at, p, err
	}
	names, err := decode[[]string](converters)
	if err != nil {
		return at, p, err
	}
	if names != nil {
		p.Converters = *names
	}
	if originalModality == nil || originalType == nil {
		return at, p, nil
	}
	original, err = s.load(ctx, original, originalArtifact)
	p.Original = &core.Value{Modality: core.Modality(*originalModality), MediaType: *originalType, Data: original}
	return at, p, err
}

// load returns the data of a value, which is an artifact if it has one.
func (s *Store) load(ctx context.Context, data []byte, artifact *string) ([]byte, error) {
	if artifact == nil {
		return data, nil
	}
	return s.Artifact(ctx, *artifact)
}

// querier asks the database: all of it, a connection, or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect runs a query and scans each of its rows.
func collect[T any](ctx context.Context, db querier, scan func(*sql.Rows) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
