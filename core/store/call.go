package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// RecordCall implements [engine.Journal].
func (j *Journal) RecordCall(trialID string, r record.RecordedCall) error {
	artifacts := map[string]artifact{}
	encoded, err := record.EncodeCall(r, func(v core.Value) (string, error) {
		if !isArtifact(v) {
			return "", nil
		}
		kept, err := j.store.artifacts.keep(v.Data)
		artifacts[kept.sum] = kept
		return kept.sum, err
	})
	if err != nil {
		return fmt.Errorf("encoding a call: %w", err)
	}
	attempt := j.at(trialID, 0).attempt
	return j.later(func(w *writer) error {
		err := w.exec(`INSERT INTO calls (run_id, trial_id, attempt, ordinal, call) VALUES ($1, $2, $3, $4, $5)`,
			j.id, trialID, attempt, r.Index, encoded)
		for _, kept := range artifacts {
			if err == nil {
				err = w.exec(`INSERT INTO call_artifacts (run_id, trial_id, attempt, ordinal, artifact) VALUES ($1, $2, $3, $4, $5)`,
					j.id, trialID, attempt, r.Index, kept)
			}
		}
		return err
	})
}

// Calls returns the calls of an attempt at a trial, counted from 1, in order, artifacts
// included. There are none where calls were not recorded. It fails where one
// cannot be read, or an artifact is missing or damaged.
func (r *Reader) Calls(ctx context.Context, runID, trialID string, attempt int) ([]record.RecordedCall, error) {
	if r.schema < schemaCalls {
		return nil, nil
	}
	load := func(sum string) ([]byte, error) { return r.Artifact(ctx, sum) }
	calls, err := collect(ctx, r.db, func(rows *sql.Rows) (record.RecordedCall, error) {
		var ordinal int
		var encoded []byte
		if err := rows.Scan(&ordinal, &encoded); err != nil {
			return record.RecordedCall{}, err
		}
		r, err := record.DecodeCall(encoded, load)
		r.Index = ordinal
		return r, err
	}, `SELECT ordinal, call FROM calls WHERE run_id = $1 AND trial_id = $2 `+r.attempt(runID, trialID, attempt).filter()+` ORDER BY ordinal`, runID, trialID)
	if err != nil {
		return nil, fmt.Errorf("reading the calls of trial %s of run %s: %w", trialID, runID, err)
	}
	return calls, nil
}

// countCalls counts the recorded calls of the attempt.
func (a attempt) countCalls(ctx context.Context) (n int, err error) {
	err = a.reader.db.QueryRowContext(ctx, `SELECT count(*) FROM calls WHERE run_id = $1 AND trial_id = $2 `+a.filter(), a.run, a.trial).Scan(&n)
	return n, err
}

func insertComponents(w *writer, run string, components record.Catalog) error {
	for i, c := range components {
		encoded, err := json.Marshal(c)
		if err == nil {
			err = w.exec(`INSERT INTO run_components (run_id, ordinal, component) VALUES ($1, $2, $3)`, run, i, encoded)
		}
		if err != nil {
			return fmt.Errorf("keeping what is known of %s %q: %w", c.Info.Kind, c.Info.Name, err)
		}
	}
	return nil
}

// Components returns the descriptions of the components of a run whose calls
// were recorded.
func (r *Reader) Components(ctx context.Context, runID string) (record.Catalog, error) {
	if r.schema < schemaCalls {
		return nil, nil
	}
	found, err := collect(ctx, r.db, func(rows *sql.Rows) (c record.Component, err error) {
		var encoded []byte
		if err := rows.Scan(&encoded); err != nil {
			return c, err
		}
		return c, json.Unmarshal(encoded, &c)
	}, `SELECT component FROM run_components WHERE run_id = $1 ORDER BY ordinal`, runID)
	if err != nil {
		return nil, fmt.Errorf("reading the components of run %s: %w", runID, err)
	}
	return found, nil
}
