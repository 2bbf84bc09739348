package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNoStore says that a directory holds no store.
var ErrNoStore = errors.New("there is no store")

// Reader reads a store. It is safe for concurrent use.
type Reader struct {
	dir directory
	// db is nil before the store is open.
	db        *sql.DB
	artifacts *artifacts
	// schema is the version of the tables.
	schema int64
}

func newReader(dir string) *Reader {
	return &Reader{dir: directory(dir), artifacts: &artifacts{dir: directory(dir), shards: map[string]bool{}}}
}

// OpenReader opens the store in a directory for reading. It fails with
// [ErrNoStore] where there is none. It needs no permission to write.
func OpenReader(ctx context.Context, dir string) (*Reader, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the store %s: %w", dir, err)
	}
	r := newReader(dir)
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the store %s: %w", dir, err), r.Close())
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := os.Stat(r.dir.path(databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return ErrNoStore
	} else if err != nil {
		return err
	}
	var err error
	for _, mode := range r.readingModes() {
		if r.db, err = r.dir.connect(mode, "query_only(on)"); err != nil {
			return err
		}
		if r.schema, err = checkReadable(ctx, r.db); err == nil {
			return nil
		}
		if c := code(err); c != sqliteCantOpen && c != sqliteReadOnly {
			return explain(err)
		}
		err = errors.Join(err, r.db.Close())
	}
	return err
}

// Dir is the store's directory.
func (r *Reader) Dir() string { return string(r.dir) }

// Close closes the store. It may be called more than once.
func (r *Reader) Close() error {
	if r.db == nil {
		return nil
	}
	return r.db.Close()
}

// readingModes are the ways to open the database for reading, in order of
// preference. SQLite creates files beside a database that others may write.
// Without permission for that, only a database that is not being written can be
// read.
func (r *Reader) readingModes() []string {
	modes := []string{"mode=rw", "mode=ro"}
	if info, err := os.Stat(r.dir.path(databaseFile + "-wal")); err != nil || info.Size() == 0 {
		modes = append(modes, "mode=ro&immutable=1")
	}
	return modes
}

// Versions of the tables. A store has the version of the last run that migrated
// it; older versions are read without a migration.
const (
	schemaFirst     = 1
	schemaDelivery  = 2
	schemaHelpers   = 3
	schemaPlugins   = 4
	schemaResume    = 5
	schemaCalls     = 6
	schemaSchedules = 7
	schemaNotices   = 9
	schemaValues    = 10
	schemaPlain     = 11
	schemaAttempts  = 12
	schemaLacks     = 13
	schemaSelection = 14
)

// since returns columns that the tables have since a version, or their
// replacement for a store of an earlier version.
func (r *Reader) since(version int64, columns, before string) string {
	if r.schema >= version {
		return columns
	}
	return before
}

// checkReadable checks that the database is a store's and complete. It returns
// the version of its tables.
func checkReadable(ctx context.Context, db *sql.DB) (int64, error) {
	ours, _, err := identify(ctx, db)
	if err != nil {
		return 0, err
	}
	if !ours {
		return 0, errForeign
	}
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return 0, err
	}
	if have < schemaFirst {
		return 0, fmt.Errorf("the database has no tables yet (schema %d): a run makes them", have)
	}
	return have, checkVersion(have, want)
}
