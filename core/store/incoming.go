package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// maxAttempts is more often than any run is resumed.
const maxAttempts = 100_000

// incoming is a run on its way into a store: alone in a store of its own, in a
// folder of the other one. It is a [runfile.Sink].
type incoming struct {
	*Store
	run    string
	tables map[string]table
	// columns are those of each table in the version that the file is of.
	columns map[string]map[string]kind
	// tx holds the rows until all of them have come, and statements insert them.
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	// artifacts counts those that have come.
	artifacts int
}

func newIncoming(dir string) *incoming {
	return &incoming{
		Store: newStore(dir), tables: map[string]table{}, columns: map[string]map[string]kind{}, statements: map[string]*sql.Stmt{},
	}
}

// unfit returns the error for a file that is whole, and whose record cannot be.
func unfit(format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is not as an export is: "+format, args...).
		WithHint("export the run again")
}

// unpack reads the file, brings the record up to date, and makes sure that it can
// be read.
func (in *incoming) unpack(ctx context.Context, file io.Reader) error {
	if err := os.MkdirAll(in.path(artifactsDir), 0o700); err != nil {
		return err
	}
	if err := runfile.Read(ctx, file, in); err != nil {
		return err
	}
	if err := in.update(ctx); err != nil {
		return err
	}
	if err := in.check(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unfit("%w", err)
	}
	return nil
}

// Begin implements [runfile.Sink]. It makes the tables as they were in the version
// that the file is of.
func (in *incoming) Begin(ctx context.Context, h runfile.Header) error {
	if h.Run == latestRun {
		return unfit("no run is called %q", h.Run)
	}
	in.run = h.Run
	var err error
	// Nobody needs what is here after a crash.
	if in.writes, err = in.connect("", "synchronous(off)", "foreign_keys(on)"); err != nil {
		return err
	}
	in.writes.SetMaxOpenConns(1)
	if err := in.claim(ctx); err != nil {
		return err
	}
	provider, err := newProvider(in.writes)
	if err != nil {
		return err
	}
	_, newest, err := provider.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case h.Schema > newest:
		return core.Errorf(core.ErrorInput, "the file was written by a newer version of the orchestrator (schema %d; this one knows %d)", h.Schema, newest).
			WithHint("upgrade to orchestrator %s or newer", h.Orchestrator)
	case h.Schema < schemaFirst:
		return unfit("there is no schema %d", h.Schema)
	}
	if _, err = provider.UpTo(ctx, h.Schema); err != nil {
		return err
	}
	for _, t := range tablesAt(h.Schema) {
		in.tables[t.name] = t
		if in.columns[t.name], err = t.columns(ctx, in.writes); err != nil {
			return err
		}
	}
	in.tx, err = in.writes.BeginTx(ctx, nil)
	return err
}

// Row implements [runfile.Sink].
func (in *incoming) Row(ctx context.Context, r runfile.Row) error {
	t, ok := in.tables[r.Table]
	if !ok {
		return unfit("there is no table %q", r.Table)
	}
	columns := in.columns[r.Table]
	if len(r.Values) != len(columns) {
		return unfit("a row of %s has %d columns, and should have %d", r.Table, len(r.Values), len(columns))
	}
	for name, value := range r.Values {
		kind, ok := columns[name]
		if !ok {
			return unfit("%s has no column %q", r.Table, name)
		}
		var err error
		if r.Values[name], err = convert(value, kind); err != nil {
			return unfit("column %s of %s: %w", name, r.Table, err)
		}
	}
	if r.Values[t.run] != in.run {
		return unfit("a row of %s is of the run %q", r.Table, r.Values[t.run])
	}
	query, values := insertion(r)
	statement, ok := in.statements[query]
	if !ok {
		var err error
		if statement, err = in.tx.PrepareContext(ctx, query); err != nil {
			return err
		}
		in.statements[query] = statement // until the transaction ends
	}
	_, err := statement.ExecContext(ctx, values...)
	if code(err) == sqliteConstraint {
		return unfit("a row of %s: %w", r.Table, err)
	}
	return err
}

// Artifact implements [runfile.Sink].
func (in *incoming) Artifact(ctx context.Context, sum string, data io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := in.artifactPath(sum)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	in.artifacts++
	_, err = io.Copy(file, data)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// update brings the record to the newest version, and opens it for reading.
func (in *incoming) update(ctx context.Context) error {
	if err := in.tx.Commit(); err != nil {
		return err
	}
	err := in.migrate(ctx)
	if err == nil {
		in.reads, err = in.connect("", "query_only(on)")
	}
	return err
}

// check makes sure that everything which the record refers to is there, and
// nothing else, and that all of it can be read.
func (in *incoming) check(ctx context.Context) error {
	run, err := in.Run(ctx, in.run)
	if err != nil {
		return err
	}
	sums, err := in.artifactsOf(ctx, in.reads, in.run)
	if err != nil {
		return err
	}
	if len(sums) != in.artifacts {
		return fmt.Errorf("it refers to %d artifacts, and has %d", len(sums), in.artifacts)
	}
	if _, err := in.Files(ctx, run.ID); err != nil {
		return err
	}
	if _, err := in.Connections(ctx, run.ID); err != nil {
		return err
	}
	trials, err := in.Trials(ctx, run.ID)
	if err != nil {
		return err
	}
	for _, t := range trials {
		if err := in.checkTrial(ctx, t); err != nil {
			return fmt.Errorf("trial %s: %w", t.ID, err)
		}
	}
	return nil
}

func (in *incoming) checkTrial(ctx context.Context, t Trial) error {
	if t.Attempt < 1 || t.Attempt > maxAttempts {
		return fmt.Errorf("it was begun %d times", t.Attempt)
	}
	if _, err := in.History(ctx, in.run, t.ID); err != nil {
		return err
	}
	for n := 1; n <= t.Attempt; n++ {
		if _, err := in.turns(ctx, in.run, t.ID, n); err != nil {
			return err
		}
		if _, err := in.helperTurns(ctx, in.run, t.ID, n); err != nil {
			return err
		}
	}
	return nil
}
