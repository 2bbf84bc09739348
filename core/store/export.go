package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// Export writes a run with everything that belongs to it, as [Store.Import] reads
// it. id is as that of [Store.Run], and version the orchestrator's. It fails with
// [ErrRunning] where a process is carrying the run out, and where an artifact is
// missing or damaged; what has been written then is of no use.
func (s *Store) Export(ctx context.Context, id, version string, to io.Writer) error {
	run, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.Status == Running {
		return fmt.Errorf("exporting the run %s: %w", run.ID, ErrRunning)
	}
	if err := s.export(ctx, runfile.Header{Run: run.ID, Schema: s.schema, Orchestrator: version}, to); err != nil {
		return fmt.Errorf("exporting the run %s: %w", run.ID, err)
	}
	return nil
}

func (s *Store) export(ctx context.Context, h runfile.Header, to io.Writer) error {
	// In one transaction, the record does not change.
	tx, err := s.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	w, err := runfile.NewWriter(to, h)
	if err != nil {
		return err
	}
	if err := s.eachRecord(ctx, tx, h.Run, w.Row); err != nil {
		return err
	}
	sums, err := s.artifactsOf(ctx, tx, h.Run)
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if err := s.exportArtifact(ctx, w, sum); err != nil {
			return err
		}
	}
	return w.Close()
}

// eachRecord calls do for every row of a run's record, always in the same order.
func (s *Store) eachRecord(ctx context.Context, db querier, run string, do func(runfile.Row) error) error {
	for _, t := range tablesAt(s.schema) {
		if err := t.eachRow(ctx, db, run, do); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

// artifactsOf returns the artifacts that a run refers to, in the order of their
// SHA-256.
func (s *Store) artifactsOf(ctx context.Context, db querier, run string) ([]string, error) {
	sums := map[string]bool{}
	for _, t := range tablesAt(s.schema) {
		for _, column := range t.artifacts {
			_, err := collect(ctx, db, func(rows *sql.Rows) (none struct{}, err error) {
				var sum string
				err = rows.Scan(&sum)
				sums[sum] = true
				return none, err
			}, "SELECT DISTINCT "+column+" FROM "+t.name+" WHERE "+t.run+" = $1 AND "+column+" IS NOT NULL", run)
			if err != nil {
				return nil, err
			}
		}
	}
	return slices.Sorted(maps.Keys(sums)), nil
}

func (s *Store) exportArtifact(ctx context.Context, w *runfile.Writer, sum string) error {
	if !isDigest(sum) {
		return fmt.Errorf("artifact %q: not a SHA-256", sum)
	}
	file, err := os.Open(s.artifactPath(sum))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("artifact %s: %w", sum, ErrNotFound)
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return w.Artifact(ctx, sum, info.Size(), file)
}
