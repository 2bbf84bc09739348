package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/runfile"
)

// inlineLimit is the largest text, in bytes, that is kept in the database.
const inlineLimit = 64 << 10

// isArtifact reports whether a value is kept as a file: it is not text, or
// longer than inlineLimit.
func isArtifact(v core.Value) bool {
	if v.IsText() {
		return len(v.Data) > inlineLimit
	}
	return len(v.Data) > 0
}

// ArtifactFile returns the file of a value that was read from the store. ok is
// false for values that are kept in the database.
func (r *Reader) ArtifactFile(v core.Value) (path string, ok bool) {
	if !isArtifact(v) {
		return "", false
	}
	return r.dir.artifact(digest(v.Data)), true
}

// Artifact returns the bytes with a SHA-256, in hexadecimal. It fails with
// [ErrNotFound] if the store has none, and with an error where the file's
// checksum differs.
func (r *Reader) Artifact(ctx context.Context, sha256 string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("artifact %s: %w", sha256, err)
	}
	if !runfile.IsSum(sha256) {
		return nil, fmt.Errorf("artifact %q: not a SHA-256: want 64 hexadecimal digits", sha256)
	}
	data, err := os.ReadFile(r.dir.artifact(sha256))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("artifact %s: %w", sha256, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading artifact %s: %w", sha256, err)
	}
	if digest(data) != sha256 {
		return nil, fmt.Errorf("artifact %s is damaged: the contents have another SHA-256", sha256)
	}
	return data, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// artifact is bytes on the disk under their SHA-256, to which a reference is
// about to be written. As a statement's argument, it is that SHA-256.
//
// Until a reference is committed, another process may collect the file as
// garbage. Garbage is collected while that process has the only write
// transaction; before the writer writes a reference, it makes sure in its own
// transaction that the file exists.
type artifact struct {
	sum  string
	data []byte
}

// Value implements [driver.Valuer].
func (a artifact) Value() (driver.Value, error) { return a.sum, nil }

// artifacts are the files of a store: values that are too large for its
// database, or not text.
type artifacts struct {
	dir directory

	mu sync.Mutex
	// shards are the directories that are known to be durable.
	shards map[string]bool
}

// keep writes bytes under their SHA-256, durably. Bytes that exist are not
// written again.
func (a *artifacts) keep(data []byte) (artifact, error) {
	kept := artifact{digest(data), data}
	return kept, a.ensure(kept)
}

// ensure makes sure that an artifact is on the disk.
func (a *artifacts) ensure(kept artifact) error {
	path := a.dir.artifact(kept.sum)
	err := a.makeShard(filepath.Dir(path))
	if err == nil {
		// A file under its final name is complete: it is renamed after it was
		// written.
		if info, statErr := os.Stat(path); statErr == nil && info.Size() == int64(len(kept.data)) {
			err = syncDir(filepath.Dir(path)) // another process may have renamed it, and not yet synced the directory
		} else {
			err = writeDurably(path, kept.data)
		}
	}
	if err != nil {
		return fmt.Errorf("keeping artifact %s: %w", kept.sum, err)
	}
	return nil
}

// ensureAgain is ensure for an artifact that was kept shortly before: unless
// its file is gone, nothing is written or synced.
func (a *artifacts) ensureAgain(kept artifact) error {
	if _, err := os.Stat(a.dir.artifact(kept.sum)); err == nil {
		return nil
	}
	return a.ensure(kept)
}

// makeShard makes sure that a directory of artifacts exists, durably.
func (a *artifacts) makeShard(dir string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shards[dir] {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	a.shards[dir] = true
	return nil
}

// unfinished is the prefix of the names of files that are being written.
const unfinished = ".new-"

// writeDurably writes a file atomically: after a crash, the file is complete or
// does not exist.
func writeDurably(path string, data []byte) error {
	dir := filepath.Dir(path)
	file, err := newFile(dir)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()), file.Close())
	}
	return errors.Join(file.Close(), syncDir(dir))
}

// syncDir makes a directory's entries durable.
func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
