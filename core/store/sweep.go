package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Litter is a file in a store's directory that nothing needs.
type Litter struct {
	// Kind says what it is, in words.
	Kind string
	// Path is relative to the store's directory.
	Path  string
	Bytes int64
}

// The kinds of litter.
const (
	// litterArtifact is an artifact that nothing refers to: of a run that was
	// removed, or of a turn whose process died before it was recorded.
	litterArtifact = "artifact"
	// litterUnfinished is what a process that died was writing.
	litterUnfinished = "unfinished"
	// litterLock says that a process carries a run out, and it died.
	litterLock = "lock"
)

// Sweeping says how a store is swept.
type Sweeping struct {
	// DryRun leaves everything where it is. A store that is open for reading can
	// only be swept so.
	DryRun bool
	// Found is told of each file that nothing needs, after it was removed.
	Found func(Litter)
	// Progress, where not nil, is told how much of the store has been looked
	// through.
	Progress func(done, total int)
}

// shelfCount is how many directories artifacts are kept in, by the first two
// digits of their names.
const shelfCount = 256

// Sweep finds the files that nothing needs any more, and removes them. It may be
// called while runs are carried out, by this process or by others: what they use
// stays. It stops between two files when ctx is cancelled; what was removed by
// then was not needed.
func (s *Store) Sweep(ctx context.Context, how Sweeping) error {
	if !how.DryRun && s.writer == nil {
		return fmt.Errorf("sweeping the store: %w", ErrReadOnly)
	}
	if how.Progress == nil {
		how.Progress = func(int, int) {}
	}
	b := &broom{Store: s, Sweeping: how}
	for _, dir := range []string{runningDir, incomingDir} {
		if err := b.sweepLocks(ctx, dir); err != nil {
			return fmt.Errorf("sweeping the store: %w", err)
		}
	}
	for i := range shelfCount {
		if err := b.sweepShelf(ctx, fmt.Sprintf("%02x", i)); err != nil {
			return fmt.Errorf("sweeping the store: %w", err)
		}
		how.Progress(i+1, shelfCount)
	}
	return nil
}

// broom is a store that is being swept.
type broom struct {
	*Store
	Sweeping
}

// sweepShelf sweeps the artifacts whose names begin as given.
func (b *broom) sweepShelf(ctx context.Context, prefix string) error {
	dir := b.path(artifactsDir, prefix)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	var sums []string
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.Type().IsRegular():
		case strings.HasPrefix(name, unfinished):
			err = errors.Join(err, b.sweepLeft(litterUnfinished, filepath.Join(dir, name)))
		case isDigest(name) && strings.HasPrefix(name, prefix):
			sums = append(sums, name)
		}
	}
	if err == nil {
		sums, err = b.unreferred(ctx, b.reads, prefix, sums)
	}
	if err != nil || len(sums) == 0 {
		return err
	}
	if b.DryRun {
		return b.drop(ctx, prefix, sums)
	}
	// References may have been added meanwhile. While this is the one that
	// writes, none is: see artifact.
	return b.writer.wait(ctx, func(w *writer) error {
		sums, err := b.unreferred(ctx, w.conn, prefix, sums)
		if err != nil {
			return err
		}
		return b.drop(ctx, prefix, sums)
	})
}

// unreferred returns which of the artifacts, whose names begin as given, nothing
// refers to.
func (s *Store) unreferred(ctx context.Context, db querier, prefix string, sums []string) ([]string, error) {
	referred := map[string]bool{}
	for _, t := range tablesAt(s.schema) {
		for _, column := range t.artifacts {
			// Behind all hexadecimal digits comes g.
			_, err := collect(ctx, db, func(rows *sql.Rows) (none struct{}, err error) {
				var sum string
				err = rows.Scan(&sum)
				referred[sum] = true
				return none, err
			}, referring(t.name, column), prefix, prefix+"g")
			if err != nil {
				return nil, err
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(sums), func(sum string) bool { return referred[sum] }), nil
}

// referring is the query for the artifacts between $1 and $2 that a column refers
// to.
func referring(table, column string) string {
	return "SELECT DISTINCT " + column + " FROM " + table + " WHERE " + column + " >= $1 AND " + column + " < $2"
}

// drop removes artifacts.
func (b *broom) drop(ctx context.Context, prefix string, sums []string) error {
	for _, sum := range sums {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.remove(litterArtifact, b.path(artifactsDir, prefix, sum)); err != nil {
			return err
		}
	}
	return nil
}

// sweepLocks removes the locks in a directory whose processes died, and what they
// had begun under them.
func (b *broom) sweepLocks(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(b.path(dir))
	if errors.Is(err, fs.ErrNotExist) { // a store of an earlier version has none
		return nil
	}
	for _, e := range entries {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && strings.HasSuffix(e.Name(), lockSuffix) {
			err = b.sweepLeft(litterLock, b.path(dir, e.Name()))
		}
	}
	return err
}

// sweepLeft removes a locked file whose process died, and the folder beside it
// that it is the lock of, if there is one.
func (b *broom) sweepLeft(kind, path string) error {
	file, err := left(path)
	if file == nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if begun, ok := strings.CutSuffix(path, lockSuffix); ok {
		if err := b.removeFolder(begun); err != nil {
			return err
		}
	}
	return b.remove(kind, path)
}

// removeFolder removes a folder that somebody had begun to fill, if it is there.
func (b *broom) removeFolder(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return b.remove(litterUnfinished, path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || b.DryRun {
		return err
	}
	return os.RemoveAll(dir)
}

// remove removes a file, and tells of it.
func (b *broom) remove(kind, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !b.DryRun {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	name, err := filepath.Rel(b.dir, path)
	if err != nil {
		return err
	}
	b.Found(Litter{Kind: kind, Path: name, Bytes: info.Size()})
	return nil
}
