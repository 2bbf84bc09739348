package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Turns returns the turns of the attempt at a trial that counts, artifacts included.
// It fails where an artifact is missing or damaged.
func (r *Reader) Turns(ctx context.Context, runID, trialID string) ([]record.Turn, error) {
	turns, err := r.attempt(runID, trialID, countingAttempt).turns(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the turns of trial %s of run %s: %w", trialID, runID, err)
	}
	return turns, nil
}

// HelperTurns returns the turns of strategies, converters and scorers with
// helpers in the attempt at a trial that counts, in the order in which they were
// recorded, artifacts included. It fails where an artifact is missing or
// damaged.
func (r *Reader) HelperTurns(ctx context.Context, runID, trialID string) ([]record.HelperTurn, error) {
	turns, err := r.attempt(runID, trialID, countingAttempt).helperTurns(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the helper turns of trial %s of run %s: %w", trialID, runID, err)
	}
	return turns, nil
}

// Attempt is the record of one attempt at a trial.
type Attempt struct {
	Turns       []record.Turn
	HelperTurns []record.HelperTurn
}

// Attempt returns what was said in an attempt at a trial, counted from 1, as
// [Reader.Turns] and [Reader.HelperTurns] return it for the one that counts. It fails with
// [ErrNotFound] if there was no such attempt.
func (r *Reader) Attempt(ctx context.Context, runID, trialID string, number int) (Attempt, error) {
	trial, err := r.Trial(ctx, runID, trialID)
	if err != nil {
		return Attempt{}, err
	}
	if number < 1 || number > trial.Begun {
		return Attempt{}, fmt.Errorf("attempt %d at trial %s of run %s: %w", number, trialID, runID, ErrNotFound)
	}
	a, err := r.attempt(runID, trialID, number).read(ctx)
	if err != nil {
		return Attempt{}, fmt.Errorf("reading attempt %d at trial %s of run %s: %w", number, trialID, runID, err)
	}
	return a, nil
}

// countingAttempt means the attempt at a trial that counts.
const countingAttempt = 0

// attempt reads the turns of one attempt at a trial.
type attempt struct {
	reader     *Reader
	run, trial string
	number     int
}

func (r *Reader) attempt(run, trial string, number int) attempt {
	return attempt{r, run, trial, number}
}

// filter restricts a query for the trial $2 of the run $1 to the attempt.
func (a attempt) filter() string {
	wanted := "(SELECT attempt FROM trials WHERE run_id = $1 AND id = $2)"
	if a.number != countingAttempt {
		wanted = strconv.Itoa(a.number)
	}
	return a.reader.since(schemaResume, "AND attempt = "+wanted, "")
}

func (a attempt) read(ctx context.Context) (said Attempt, err error) {
	if said.Turns, err = a.turns(ctx); err == nil {
		said.HelperTurns, err = a.helperTurns(ctx)
	}
	return said, err
}

func (a attempt) turns(ctx context.Context) ([]record.Turn, error) {
	turns, err := collect(ctx, a.reader.db, scanTurn, `SELECT turn, started_at, ended_at, reply, failure, `+a.reader.since(schemaDelivery, "sent_role, delivery", "'user', NULL")+`
		FROM turns WHERE run_id = $1 AND trial_id = $2 `+a.filter()+` ORDER BY turn`, a.run, a.trial)
	if err != nil {
		return nil, err
	}
	parts, err := a.parts(ctx)
	if err != nil {
		return nil, err
	}
	for i := range turns {
		t := &turns[i]
		fillTurn(t, parts[partKey{t.Index, placeSent}], parts[partKey{t.Index, placeReply}])
		if t.Scores, err = a.scores(ctx, t.Index, parts); err != nil {
			return nil, err
		}
	}
	return turns, nil
}

func scanTurn(rows *sql.Rows) (record.Turn, error) {
	var t record.Turn
	var row turnRow
	if err := rows.Scan(&t.Index, &row.started, &row.ended, &row.reply, &row.failure, &t.Sent.Role, &row.delivery); err != nil {
		return t, err
	}
	return t, row.into(&t)
}

// fillTurn adds the parts to a turn.
func fillTurn(t *record.Turn, sent, reply []core.Part) {
	t.Sent.Parts = sent
	if t.Reply != nil {
		t.Reply.Message = core.Message{Role: core.Assistant, Parts: reply}
	}
}

// scores returns the scores of a turn.
func (a attempt) scores(ctx context.Context, turn int, parts map[partKey][]core.Part) ([]record.Score, error) {
	scores, err := collect(ctx, a.reader.db, func(rows *sql.Rows) (record.Score, error) {
		_, score, err := scanScore(rows)
		return score, err
	}, `SELECT trial_id, name, type, value, rationale, failure
		FROM scores WHERE run_id = $1 AND trial_id = $2 AND turn = $3 `+a.filter()+` ORDER BY ordinal`, a.run, a.trial, turn)
	for i := range scores {
		for _, p := range parts[partKey{turn, placeJudged(i)}] {
			scores[i].Judged = append(scores[i].Judged, p.Value)
		}
	}
	return scores, err
}

func (a attempt) helperTurns(ctx context.Context) ([]record.HelperTurn, error) {
	if a.reader.schema < schemaHelpers {
		return nil, nil
	}
	turns, err := collect(ctx, a.reader.db, scanHelperTurn, `SELECT ordinal, kind, asked_by, turn, target, conversation, system_prompt, history,
		started_at, ended_at, reply, failure, sent_role, delivery
		FROM helper_turns WHERE run_id = $1 AND trial_id = $2 `+a.filter()+` ORDER BY ordinal`, a.run, a.trial)
	if err != nil || len(turns) == 0 {
		return turns, err
	}
	parts, err := a.parts(ctx)
	for i := range turns {
		t := &turns[i]
		fillTurn(&t.Turn, parts[partKey{t.For, helperPlace(t.Index, placeSent)}], parts[partKey{t.For, helperPlace(t.Index, placeReply)}])
		for n := range t.Start.History {
			t.Start.History[n].Parts = parts[partKey{t.For, helperHistory(t.Index, n)}]
		}
	}
	return turns, err
}

func scanHelperTurn(rows *sql.Rows) (record.HelperTurn, error) {
	var t record.HelperTurn
	var row turnRow
	var prompt []byte
	var history *string
	err := rows.Scan(&t.Index, &t.Kind, &t.By, &t.For, &t.Target, &t.Conversation, &prompt, &history,
		&row.started, &row.ended, &row.reply, &row.failure, &t.Sent.Role, &row.delivery)
	if err != nil {
		return t, err
	}
	t.Start.SystemPrompt = string(prompt)
	roles, err := decode[[]core.Role](history)
	if err != nil {
		return t, err
	}
	if roles != nil {
		for _, role := range *roles {
			t.Start.History = append(t.Start.History, core.Message{Role: role})
		}
	}
	return t, row.into(&t.Turn)
}

// partKey is the message that a part belongs to.
type partKey struct {
	turn  int
	place string
}

// parts returns every part of the attempt.
func (a attempt) parts(ctx context.Context) (map[partKey][]core.Part, error) {
	parts := map[partKey][]core.Part{}
	_, err := collect(ctx, a.reader.db, func(rows *sql.Rows) (struct{}, error) {
		at, part, err := a.reader.scanPart(ctx, rows)
		parts[at] = append(parts[at], part)
		return struct{}{}, err
	}, `SELECT turn, place, modality, media_type, data, artifact, transcript, `+a.reader.since(schemaDelivery, "undelivered", "0")+`, converters,
		original_modality, original_media_type, original_data, original_artifact
		FROM parts WHERE run_id = $1 AND trial_id = $2 `+a.filter()+` ORDER BY turn, place, ordinal`, a.run, a.trial)
	return parts, err
}

func (r *Reader) scanPart(ctx context.Context, rows *sql.Rows) (partKey, core.Part, error) {
	var at partKey
	var p core.Part
	var artifact, converters, originalModality, originalType, originalArtifact *string
	var original []byte
	err := rows.Scan(&at.turn, &at.place, &p.Modality, &p.MediaType, &p.Data, &artifact, &p.Transcript, &p.Undelivered, &converters,
		&originalModality, &originalType, &original, &originalArtifact)
	if err != nil {
		return at, p, err
	}
	if p.Data, err = r.load(ctx, p.Data, artifact); err != nil {
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
	original, err = r.load(ctx, original, originalArtifact)
	p.Original = &core.Value{Modality: core.Modality(*originalModality), MediaType: *originalType, Data: original}
	return at, p, err
}

// load returns the data of a value, from its artifact if it has one.
func (r *Reader) load(ctx context.Context, data []byte, artifact *string) ([]byte, error) {
	if artifact == nil {
		return data, nil
	}
	return r.Artifact(ctx, *artifact)
}
