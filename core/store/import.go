package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// ErrOtherRun says that the store has another run of the same ID.
var ErrOtherRun = errors.New("there is another run of this ID, or this one with another record")

// Import reads a run that [Reader.Export] of this or an earlier version wrote,
// and returns its ID. The whole file is checked before anything is stored: the
// run is imported completely or not at all. known reports that the store
// already had the run with the same record. It fails with an error of
// [core.ErrorInput] where the file is invalid, and with [ErrOtherRun].
func (s *Store) Import(ctx context.Context, file io.Reader) (id string, known bool, err error) {
	name := s.dir.path(incomingDir, rand.Text())
	lock, err := acquire(name + lockSuffix)
	if err != nil {
		return "", false, fmt.Errorf("importing a run: %w", err)
	}
	in := newIncoming(name)
	defer func() {
		// A folder that could not be removed is garbage for the next
		// collection.
		err = errors.Join(err, in.store.Close(), os.RemoveAll(name))
		_ = os.Remove(name + lockSuffix)
		lock.release()
	}()
	if err = in.unpack(ctx, file); err == nil {
		known, err = s.adopt(ctx, in)
	}
	if err != nil {
		return "", false, fmt.Errorf("importing a run: %w", err)
	}
	return in.run, known, nil
}

// adopt moves an incoming run into the store: its artifacts, and then its
// record, in one transaction.
func (s *Store) adopt(ctx context.Context, in *incoming) (known bool, err error) {
	err = s.writer.wait(ctx, func(w *writer) error {
		there, err := collect(ctx, w.conn, func(rows *sql.Rows) (id string, err error) {
			return id, rows.Scan(&id)
		}, `SELECT id FROM runs WHERE id = $1`, in.run)
		if err != nil {
			return err
		}
		if known = len(there) > 0; known {
			if err := s.same(ctx, w.conn, in); err != nil {
				return err
			}
		}
		if err := s.moveArtifacts(ctx, in); err != nil || known {
			return err
		}
		return in.rows().each(ctx, in.run, func(r runfile.Row) error {
			query, values := insertion(r)
			return w.exec(query, values...)
		})
	})
	return known, err
}

// same fails with [ErrOtherRun] unless the store's record of the run equals the
// incoming one.
func (s *Store) same(ctx context.Context, db querier, in *incoming) error {
	have, err := rowsOf{db, s.schema}.fingerprint(ctx, in.run)
	if err != nil {
		return err
	}
	came, err := in.rows().fingerprint(ctx, in.run)
	if err != nil {
		return err
	}
	if have != came {
		return fmt.Errorf("%s: %w", in.run, ErrOtherRun)
	}
	return nil
}

// moveArtifacts moves the artifacts of an incoming run to their places,
// durably. They replace existing files, which may be damaged.
func (s *Store) moveArtifacts(ctx context.Context, in *incoming) error {
	shards, err := os.ReadDir(in.store.dir.path(artifactsDir))
	if err != nil {
		return err
	}
	for _, shard := range shards {
		from, to := in.store.dir.path(artifactsDir, shard.Name()), s.dir.path(artifactsDir, shard.Name())
		files, err := os.ReadDir(from)
		if err == nil {
			err = s.artifacts.makeShard(to)
		}
		for _, f := range files {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = os.Rename(filepath.Join(from, f.Name()), filepath.Join(to, f.Name()))
			}
		}
		if err == nil {
			err = syncDir(to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
