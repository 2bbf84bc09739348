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

// maxAttempts is above the number of attempts of any real run.
const maxAttempts = 100_000

// incoming is a run that is being imported, in a store of its own in a folder
// of the other store. It is a [runfile.Sink].
type incoming struct {
	store  *Store
	run    string
	tables map[string]table
	// columns are the columns of each table in the version of the file.
	columns map[string]map[string]kind
	// tx holds the rows until the last has been read; statements insert them.
	tx         *sql.Tx
	statements map[string]*sql.Stmt
	// artifacts counts the artifacts read.
	artifacts int
}

func newIncoming(dir string) *incoming {
	return &incoming{
		store: newStore(dir), tables: map[string]table{}, columns: map[string]map[string]kind{}, statements: map[string]*sql.Stmt{},
	}
}

// badExport returns the error for a complete file whose record is invalid.
func badExport(format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is not a valid export: "+format, args...).
		WithHint("export the run again")
}

// unpack reads the file, migrates the record to the present version, and checks
// that it can be read.
func (in *incoming) unpack(ctx context.Context, file io.Reader) error {
	if err := os.MkdirAll(in.store.dir.path(artifactsDir), 0o700); err != nil {
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
		return badExport("%w", err)
	}
	return nil
}

// Begin implements [runfile.Sink]. It creates the tables of the file's version.
func (in *incoming) Begin(ctx context.Context, h runfile.Header) error {
	if h.Run == latestRun {
		return badExport("no run is called %q", h.Run)
	}
	in.run = h.Run
	var err error
	// The incoming store need not survive a crash.
	if in.store.writes, err = in.store.dir.connect("", "synchronous(off)", "foreign_keys(on)"); err != nil {
		return err
	}
	in.store.writes.SetMaxOpenConns(1)
	if err := in.store.claim(ctx); err != nil {
		return err
	}
	provider, err := newProvider(in.store.writes)
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
		return badExport("there is no schema %d", h.Schema)
	}
	if _, err = provider.UpTo(ctx, h.Schema); err != nil {
		return err
	}
	for _, t := range tablesAt(h.Schema) {
		in.tables[t.name] = t
		if in.columns[t.name], err = t.columns(ctx, in.store.writes); err != nil {
			return err
		}
	}
	in.tx, err = in.store.writes.BeginTx(ctx, nil)
	return err
}

// Row implements [runfile.Sink].
func (in *incoming) Row(ctx context.Context, r runfile.Row) error {
	t, ok := in.tables[r.Table]
	if !ok {
		return badExport("there is no table %q", r.Table)
	}
	columns := in.columns[r.Table]
	if len(r.Values) != len(columns) {
		return badExport("a row of %s has %d columns, and should have %d", r.Table, len(r.Values), len(columns))
	}
	for name, value := range r.Values {
		kind, ok := columns[name]
		if !ok {
			return badExport("%s has no column %q", r.Table, name)
		}
		var err error
		if r.Values[name], err = convert(value, kind); err != nil {
			return badExport("column %s of %s: %w", name, r.Table, err)
		}
	}
	if r.Values[t.run] != in.run {
		return badExport("a row of %s is of the run %q", r.Table, r.Values[t.run])
	}
	query, values := insertion(r)
	statement, ok := in.statements[query]
	if !ok {
		var err error
		if statement, err = in.tx.PrepareContext(ctx, query); err != nil {
			return err
		}
		in.statements[query] = statement // closed at the end of the transaction
	}
	_, err := statement.ExecContext(ctx, values...)
	if code(err) == sqliteConstraint {
		return badExport("a row of %s: %w", r.Table, err)
	}
	return err
}

// Artifact implements [runfile.Sink].
func (in *incoming) Artifact(ctx context.Context, sum string, data io.Reader) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := in.store.dir.artifact(sum)
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

// update migrates the record to the present version, and opens it for reading.
func (in *incoming) update(ctx context.Context) error {
	if err := in.tx.Commit(); err != nil {
		return err
	}
	err := in.store.migrate(ctx)
	if err == nil {
		in.store.db, err = in.store.dir.connect("", "query_only(on)")
	}
	return err
}

// check checks that everything that the record refers to exists, that nothing
// else does, and that all of it can be read.
func (in *incoming) check(ctx context.Context) error {
	run, err := in.store.Run(ctx, in.run)
	if err != nil {
		return err
	}
	sums, err := in.rows().artifacts(ctx, in.run)
	if err != nil {
		return err
	}
	if len(sums) != in.artifacts {
		return fmt.Errorf("the record refers to %d artifacts, and the file has %d", len(sums), in.artifacts)
	}
	if _, err := in.store.Files(ctx, run.ID); err != nil {
		return err
	}
	if _, err := in.store.Connections(ctx, run.ID); err != nil {
		return err
	}
	trials, err := in.store.Trials(ctx, run.ID)
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

// rows reads the incoming record.
func (in *incoming) rows() rowsOf { return rowsOf{in.store.db, in.store.schema} }

func (in *incoming) checkTrial(ctx context.Context, t Trial) error {
	if t.Attempt < 1 || t.Attempt > maxAttempts || t.Begun > maxAttempts {
		return fmt.Errorf("begun %d times", max(t.Attempt, t.Begun))
	}
	attempts, err := in.store.Attempts(ctx, in.run, t.ID)
	if err != nil {
		return err
	}
	if err := checkAttempts(t, attempts); err != nil {
		return err
	}
	if _, err := in.store.History(ctx, in.run, t.ID); err != nil {
		return err
	}
	for n := 1; n <= t.Begun; n++ {
		if _, err := in.store.attempt(in.run, t.ID, n).read(ctx); err != nil {
			return err
		}
	}
	return nil
}
