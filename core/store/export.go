package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// Export writes the complete record of a run, as [Store.Import] reads it. id is
// as in [Reader.Run], and version the orchestrator's. It fails with
// [ErrRunning] where a process is carrying the run out, and where an artifact
// is missing or damaged; the output is then incomplete and has to be discarded.
func (r *Reader) Export(ctx context.Context, id, version string, to io.Writer) error {
	run, err := r.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.Status == Running {
		return fmt.Errorf("exporting the run %s: %w", run.ID, ErrRunning)
	}
	if err := r.export(ctx, runfile.Header{Run: run.ID, Schema: r.schema, Orchestrator: version}, to); err != nil {
		return fmt.Errorf("exporting the run %s: %w", run.ID, err)
	}
	return nil
}

func (r *Reader) export(ctx context.Context, h runfile.Header, to io.Writer) error {
	// In one transaction, the record does not change.
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	w, err := runfile.NewWriter(to, h)
	if err != nil {
		return err
	}
	rows := rowsOf{tx, r.schema}
	if err := rows.each(ctx, h.Run, w.Row); err != nil {
		return err
	}
	sums, err := rows.artifacts(ctx, h.Run)
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if err := r.exportArtifact(ctx, w, sum); err != nil {
			return err
		}
	}
	return w.Close()
}

func (r *Reader) exportArtifact(ctx context.Context, w *runfile.Writer, sum string) error {
	if !runfile.IsSum(sum) {
		return fmt.Errorf("artifact %q: not a SHA-256", sum)
	}
	file, err := os.Open(r.dir.artifact(sum))
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
