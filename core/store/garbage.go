package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// GarbageKind is a kind of unused file.
type GarbageKind string

// The kinds of garbage.
const (
	// GarbageArtifact is an artifact without a reference: of a run that was
	// removed, or of a turn whose process died before it was recorded.
	GarbageArtifact GarbageKind = "artifact"
	// GarbageUnfinished is a file that a process was writing when it died.
	GarbageUnfinished GarbageKind = "unfinished"
	// GarbageLock is the lock file of a run whose process died.
	GarbageLock GarbageKind = "lock"
)

// Garbage is an unused file in a store's directory.
type Garbage struct {
	Kind GarbageKind
	// Path is relative to the store's directory.
	Path  string
	Bytes int64
}

// GCOptions are the callbacks of a garbage collection.
type GCOptions struct {
	// Found is called for each unused file, after it was removed.
	Found func(Garbage)
	// Progress, where not nil, is called with the share of the store that was
	// searched.
	Progress func(done, total int)
}

// shardCount is the number of directories of artifacts, by the first two digits
// of their names.
const shardCount = 256

// FindGarbage finds the files that [Store.CollectGarbage] would remove, without
// removing them.
func (r *Reader) FindGarbage(ctx context.Context, o GCOptions) error {
	return (&collector{reader: r, options: o}).collect(ctx)
}

// CollectGarbage finds and removes unused files. It may be called while this or
// other processes carry runs out: files that these use are kept. When ctx is
// cancelled, it stops between two files; the files removed by then were unused.
func (s *Store) CollectGarbage(ctx context.Context, o GCOptions) error {
	return (&collector{reader: s.Reader, writer: s.writer, options: o}).collect(ctx)
}

// collector collects the garbage of a store. Without a writer, it removes
// nothing.
type collector struct {
	reader  *Reader
	writer  *writer
	options GCOptions
}

func (c *collector) collect(ctx context.Context) error {
	for _, dir := range []string{runningDir, incomingDir} {
		if err := c.collectLocks(ctx, dir); err != nil {
			return fmt.Errorf("collecting garbage: %w", err)
		}
	}
	for i := range shardCount {
		if err := c.collectShard(ctx, fmt.Sprintf("%02x", i)); err != nil {
			return fmt.Errorf("collecting garbage: %w", err)
		}
		if c.options.Progress != nil {
			c.options.Progress(i+1, shardCount)
		}
	}
	return nil
}

// collectShard collects the artifacts whose names have the given prefix.
func (c *collector) collectShard(ctx context.Context, prefix string) error {
	dir := c.reader.dir.path(artifactsDir, prefix)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	var sums []string
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.Type().IsRegular():
		case strings.HasPrefix(name, unfinished):
			err = errors.Join(err, c.collectStale(GarbageUnfinished, filepath.Join(dir, name)))
		case runfile.IsSum(name) && strings.HasPrefix(name, prefix):
			sums = append(sums, name)
		}
	}
	if err == nil {
		sums, err = rowsOf{c.reader.db, c.reader.schema}.unreferred(ctx, prefix, sums)
	}
	if err != nil || len(sums) == 0 {
		return err
	}
	if c.writer == nil {
		return c.drop(ctx, prefix, sums)
	}
	// References may have been added since the query. None is added during this
	// process's write transaction: see artifact.
	return c.writer.wait(ctx, func(w *writer) error {
		sums, err := rowsOf{w.conn, c.reader.schema}.unreferred(ctx, prefix, sums)
		if err != nil {
			return err
		}
		return c.drop(ctx, prefix, sums)
	})
}

// drop removes artifacts.
func (c *collector) drop(ctx context.Context, prefix string, sums []string) error {
	for _, sum := range sums {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.remove(GarbageArtifact, c.reader.dir.path(artifactsDir, prefix, sum)); err != nil {
			return err
		}
	}
	return nil
}

// collectLocks removes the lock files in a directory whose processes died, and
// the folders that they lock.
func (c *collector) collectLocks(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(c.reader.dir.path(dir))
	if errors.Is(err, fs.ErrNotExist) { // a store of an earlier version has none
		return nil
	}
	for _, e := range entries {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && strings.HasSuffix(e.Name(), lockSuffix) {
			err = c.collectStale(GarbageLock, c.reader.dir.path(dir, e.Name()))
		}
	}
	return err
}

// collectStale removes a lock file whose process died, and the folder that it
// locks, if there is one.
func (c *collector) collectStale(kind GarbageKind, path string) error {
	file, err := openStale(path)
	if file == nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if begun, ok := strings.CutSuffix(path, lockSuffix); ok {
		if err := c.removeFolder(begun); err != nil {
			return err
		}
	}
	return c.remove(kind, path)
}

// removeFolder removes an incomplete folder, if it exists.
func (c *collector) removeFolder(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return c.remove(GarbageUnfinished, path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || c.writer == nil {
		return err
	}
	return os.RemoveAll(dir)
}

// remove removes a file, and reports it.
func (c *collector) remove(kind GarbageKind, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if c.writer != nil {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	name, err := filepath.Rel(c.reader.Dir(), path)
	if err != nil {
		return err
	}
	c.options.Found(Garbage{Kind: kind, Path: name, Bytes: info.Size()})
	return nil
}
