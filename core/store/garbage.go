package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Garbage is a file in a store's directory that nothing needs.
type Garbage struct {
	// Kind says what it is, in words.
	Kind string
	// Path is relative to the store's directory.
	Path  string
	Bytes int64
}

// The kinds of garbage.
const (
	// garbageArtifact is an artifact that nothing refers to: of a run that was
	// removed, or of a turn whose process died before it was recorded.
	garbageArtifact = "artifact"
	// garbageUnfinished is what a process that died was writing.
	garbageUnfinished = "unfinished"
	// garbageLock says that a process carries a run out, and it died.
	garbageLock = "lock"
)

// GCOptions say who is told of a garbage collection.
type GCOptions struct {
	// Found is told of each file that nothing needs, after it was removed.
	Found func(Garbage)
	// Progress, where not nil, is told how much of the store has been looked
	// through.
	Progress func(done, total int)
}

// shardCount is how many directories artifacts are kept in, by the first two
// digits of their names.
const shardCount = 256

// FindGarbage finds the files that [Store.CollectGarbage] would remove, and leaves
// them where they are.
func (r *Reader) FindGarbage(ctx context.Context, o GCOptions) error {
	return (&collector{reader: r, options: o}).collect(ctx)
}

// CollectGarbage finds the files that nothing needs any more, and removes them. It
// may be called while runs are carried out, by this process or by others: what they
// use stays. It stops between two files when ctx is cancelled; what was removed by
// then was not needed.
func (s *Store) CollectGarbage(ctx context.Context, o GCOptions) error {
	return (&collector{reader: s.Reader, writer: s.writer, options: o}).collect(ctx)
}

// collector collects the garbage of a store. Without a writer, it removes nothing.
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

// collectShard collects the artifacts whose names begin as given.
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
			err = errors.Join(err, c.collectStale(garbageUnfinished, filepath.Join(dir, name)))
		case isDigest(name) && strings.HasPrefix(name, prefix):
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
	// References may have been added meanwhile. While this is the one that
	// writes, none is: see artifact.
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
		if err := c.remove(garbageArtifact, c.reader.dir.path(artifactsDir, prefix, sum)); err != nil {
			return err
		}
	}
	return nil
}

// collectLocks removes the locks in a directory whose processes died, and what they
// had begun under them.
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
			err = c.collectStale(garbageLock, c.reader.dir.path(dir, e.Name()))
		}
	}
	return err
}

// collectStale removes a locked file whose process died, and the folder beside it
// that it is the lock of, if there is one.
func (c *collector) collectStale(kind, path string) error {
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

// removeFolder removes a folder that somebody had begun to fill, if it is there.
func (c *collector) removeFolder(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return c.remove(garbageUnfinished, path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || c.writer == nil {
		return err
	}
	return os.RemoveAll(dir)
}

// remove removes a file, and tells of it.
func (c *collector) remove(kind, path string) error {
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
