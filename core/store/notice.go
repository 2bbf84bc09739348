package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Notice is a notice that was sent to a webhook after a comparison of runs.
type Notice struct {
	At time.Time
	// Webhook is the address without its secret parts.
	Webhook string
	// Baseline is the ID of the run that was the baseline.
	Baseline string
	// Occasions are the reasons for the notice, as it names them.
	Occasions []string
	Tries     int
	// Failure is why it was not delivered; empty if it was.
	Failure string
}

// RecordNotice records a notice about a run, which may have ended. It fails
// with [ErrNotFound] where the run was removed.
func (s *Store) RecordNotice(ctx context.Context, runID string, n Notice) error {
	occasions, err := json.Marshal(n.Occasions)
	if err == nil {
		err = s.writer.wait(ctx, func(w *writer) error {
			if err := w.runExists(ctx, runID); err != nil {
				return err
			}
			return w.exec(`INSERT INTO notices (run_id, ordinal, at, webhook, baseline, occasions, tries, failure)
				SELECT $1, count(*), $2, $3, $4, $5, $6, $7 FROM notices WHERE run_id = $1`,
				runID, n.At.UnixNano(), n.Webhook, n.Baseline, string(occasions), n.Tries, n.Failure)
		})
	}
	if err != nil {
		return fmt.Errorf("recording a notice about the run %s: %w", runID, err)
	}
	return nil
}

// runExists fails with [ErrNotFound] where there is no such run.
func (w *writer) runExists(ctx context.Context, id string) error {
	var there int
	err := w.conn.QueryRowContext(ctx, `SELECT 1 FROM runs WHERE id = $1`, id).Scan(&there)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// Notices returns the notices about a run, in the order in which they were sent.
func (r *Reader) Notices(ctx context.Context, runID string) ([]Notice, error) {
	if r.schema < schemaNotices {
		return nil, nil
	}
	notices, err := collect(ctx, r.db, func(rows *sql.Rows) (n Notice, err error) {
		var at int64
		var occasions []byte
		if err := rows.Scan(&at, &n.Webhook, &n.Baseline, &occasions, &n.Tries, &n.Failure); err != nil {
			return n, err
		}
		n.At = moment(at)
		return n, json.Unmarshal(occasions, &n.Occasions)
	}, `SELECT at, webhook, baseline, occasions, tries, failure FROM notices WHERE run_id = $1 ORDER BY ordinal`, runID)
	if err != nil {
		return nil, fmt.Errorf("reading the notices about the run %s: %w", runID, err)
	}
	return notices, nil
}

// Previous returns the latest finished run of the same campaign that began
// before a run and has at least one judged trial. It fails with [ErrNotFound]
// if there is none.
func (r *Reader) Previous(ctx context.Context, run Run) (Run, error) {
	runs, err := r.runs(ctx, `WHERE campaign = $1 AND id <> $2 AND started_at <= $3 AND status = 'finished' `+r.since(schemaCalls, "AND origin = ''", "")+` `+r.since(schemaSelection, "AND selection = ''", "")+`
		AND EXISTS (SELECT 1 FROM trials WHERE run_id = runs.id AND outcome IN ('succeeded', 'defended'))
		ORDER BY started_at DESC, id DESC LIMIT 1`, run.Campaign, run.ID, run.Started.UnixNano())
	if err == nil && len(runs) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Run{}, fmt.Errorf("the run of %q before %s: %w", run.Campaign, run.ID, err)
	}
	return runs[0], nil
}
