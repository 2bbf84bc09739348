package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver registers itself under "sqlite"
)

// This file holds everything specific to SQLite. All other statements are valid
// for PostgreSQL too.

// applicationID marks the database as a store's, in SQLite's application_id. It
// reads "RTOR".
const applicationID = 0x52544F52

// busyTimeout is how long a process waits for another one's commit.
const busyTimeout = 30 * time.Second

// cacheKiB is the size of a connection's page cache. A run appends, and a report reads a
// page once: a larger cache is no faster, and costs each of the connections its size.
const cacheKiB = 512

// beginWriting begins a transaction that excludes other writers.
const beginWriting = "BEGIN IMMEDIATE"

// connect returns a pool of connections to the database.
func (d directory) connect(extra string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{
		// First, so that the following statements wait for locks.
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
	}, pragmas...)}
	dsn := url.URL{Scheme: "file", Path: d.path(databaseFile), RawQuery: query.Encode()}
	if extra != "" {
		dsn.RawQuery += "&" + extra
	}
	return sql.Open("sqlite", dsn.String())
}

// newProvider returns the migrations of a database. Each script is run by
// SQLite as a whole, because goose's parsing into statements takes longer than
// running them.
func newProvider(db *sql.DB) (*goose.Provider, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]*goose.Migration, len(names))
	for i, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		steps[i] = goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			script, err := migrations.ReadFile(name)
			if err == nil {
				_, err = tx.ExecContext(ctx, string(script))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}}, nil)
	}
	return goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithGoMigrations(steps...))
}

// claim checks that the database is a store's, and marks an empty one.
func (s *Store) claim(ctx context.Context) error {
	ours, empty, err := identify(ctx, s.writes)
	switch {
	case err != nil || ours:
		return err
	case !empty:
		return errForeign
	}
	// In WAL mode, readers can read while a run is being written. The mode is
	// stored in the database.
	_, err = s.writes.ExecContext(ctx, fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA application_id = %d", applicationID))
	return err
}

var errForeign = fmt.Errorf("%s is another program's database: use another directory", databaseFile)

// identify reports whether a database is a store's, or empty.
func identify(ctx context.Context, db *sql.DB) (ours, empty bool, err error) {
	var id, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return false, false, err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return false, false, err
	}
	return id == applicationID, id == 0 && tables == 0, nil
}

// explain adds a hint to SQLite's error for a file that is not a database, or a
// damaged one.
func explain(err error) error {
	switch code(err) {
	case sqliteNotADB:
		return fmt.Errorf("%s is not a database: move it away, or use another directory: %w", databaseFile, err)
	case sqliteCorrupt:
		return fmt.Errorf("%s is damaged: restore it from a copy, or move it away: %w", databaseFile, err)
	}
	return err
}

// The primary result codes of SQLite that this package uses.
const (
	sqliteReadOnly   = 8
	sqliteCorrupt    = 11
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26
)

// code returns SQLite's primary result code of an error, or 0.
func code(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code() & 0xff
	}
	return 0
}
