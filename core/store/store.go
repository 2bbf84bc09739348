package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound says that the store has no such run, trial or artifact.
var ErrNotFound = errors.New("not found")

// ErrAmbiguous says that a prefix matches the IDs of more than one run.
var ErrAmbiguous = errors.New("the ID is ambiguous")

// ErrClosed says that the store has been closed.
var ErrClosed = errors.New("the store is closed")

// Store is an open store. Its [Reader] reads the records. It is safe for
// concurrent use.
type Store struct {
	*Reader
	writes *sql.DB
	writer *writer

	mu sync.Mutex
	// journals are those that are open.
	journals map[*Journal]bool
}

func newStore(dir string) *Store {
	return &Store{Reader: newReader(dir), journals: map[*Journal]bool{}}
}

// Open opens the store in a directory, and creates it if there is none. It
// fails where the directory holds something else, or a store of a newer
// version.
func Open(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", dir, err)
	}
	s := newStore(dir)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store %s: %w", dir, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.makeDirs(); err != nil {
		return err
	}
	// Two processes that create a store at the same time must not both migrate
	// it.
	lock, err := acquire(s.dir.path(lockFile))
	if err != nil {
		return err
	}
	defer lock.release()

	// SQLite would create the file with the permissions of umask; its journal
	// files get those of the database.
	file, err := os.OpenFile(s.dir.path(databaseFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if s.writes, err = s.dir.connect("_txlock=immediate", "synchronous(full)", "fullfsync(on)", "checkpoint_fullfsync(on)", "foreign_keys(on)"); err != nil {
		return err
	}
	s.writes.SetMaxOpenConns(1)
	if err := s.migrate(ctx); err != nil {
		return explain(err)
	}
	if s.db, err = s.dir.connect("", "query_only(on)"); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s.writes, s.artifacts.ensureAgain)
	return err
}

// makeDirs makes the store's directories, durably.
func (s *Store) makeDirs() error {
	if err := os.MkdirAll(s.Dir(), 0o700); err != nil {
		return err
	}
	for _, dir := range []string{s.dir.path(artifactsDir), s.dir.path(runningDir), s.dir.path(incomingDir)} {
		switch err := os.Mkdir(dir, 0o700); {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return err
		}
		if err := errors.Join(syncDir(s.Dir()), syncDir(filepath.Dir(s.Dir()))); err != nil {
			return err
		}
	}
	return nil
}

// migrate creates the tables, or migrates those of an older version.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.claim(ctx); err != nil {
		return err
	}
	provider, err := newProvider(s.writes)
	if err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	s.schema = want
	if err != nil || have == want {
		return err
	}
	if err := checkVersion(have, want); err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func checkVersion(have, want int64) error {
	if have > want {
		return fmt.Errorf("the store was written by a newer version of the orchestrator (schema %d; this one knows %d): upgrade, or use another store", have, want)
	}
	return nil
}

// Close waits for pending writes and closes the store. Runs that are not
// finished stay so; their status is Abandoned. It may be called more than once.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for j := range s.journals {
		j.lock.release()
	}
	clear(s.journals)
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	return errors.Join(append(errs, s.Reader.Close())...)
}
