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

	"github.com/redteam-orchestrator/orchestrator/core"
)

// inlineLimit is how long a text may be, in bytes, that is kept in the
// database itself.
const inlineLimit = 64 << 10

// isArtifact reports whether a value is kept as a file: it is no text, or a
// long one.
func isArtifact(v core.Value) bool {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return len(v.Data) > inlineLimit
	}
	return len(v.Data) > 0
}

// ArtifactFile returns the file in which the store keeps a value that was read
// from it. ok is false for values that are kept in the database.
func (s *Store) ArtifactFile(v core.Value) (path string, ok bool) {
	if !isArtifact(v) {
		return "", false
	}
	return s.artifactPath(digest(v.Data)), true
}

// Artifact returns the bytes with a SHA-256, in hexadecimal. It fails with
// [ErrNotFound] if the store has none, and where the file is not what it was.
func (s *Store) Artifact(ctx context.Context, sha256 string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("artifact %s: %w", sha256, err)
	}
	if !isDigest(sha256) {
		return nil, fmt.Errorf("artifact %q: not a SHA-256: want 64 hexadecimal digits", sha256)
	}
	data, err := os.ReadFile(s.artifactPath(sha256))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("artifact %s: %w", sha256, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading artifact %s: %w", sha256, err)
	}
	if digest(data) != sha256 {
		return nil, fmt.Errorf("artifact %s is damaged: its contents have another SHA-256", sha256)
	}
	return data, nil
}

func (s *Store) artifactPath(sha256 string) string {
	return s.path(artifactsDir, sha256[:2], sha256)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func isDigest(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == hex.EncodeToString(raw)
}

// artifact is bytes that are on the disk under their SHA-256, and about to be
// referred to. A statement takes it for that SHA-256.
//
// Until a reference is committed, nothing says that the file is needed, and
// another process may be sweeping the store. It sweeps while nobody else can
// write; and the writer, before it writes a reference, sees to it that the file
// is there.
type artifact struct {
	sum  string
	data []byte
}

// Value implements [driver.Valuer].
func (a artifact) Value() (driver.Value, error) { return a.sum, nil }

// keepArtifact writes bytes under their SHA-256, durably. Bytes that are there
// already are not written again.
func (s *Store) keepArtifact(data []byte) (artifact, error) {
	a := artifact{digest(data), data}
	return a, s.ensure(a)
}

// ensure makes sure that an artifact is on the disk.
func (s *Store) ensure(a artifact) error {
	path := s.artifactPath(a.sum)
	err := s.shelve(filepath.Dir(path))
	if err == nil {
		// A file under its final name is whole: it got the name when it was.
		if info, statErr := os.Stat(path); statErr == nil && info.Size() == int64(len(a.data)) {
			err = syncDir(filepath.Dir(path)) // somebody else may not have come to that yet
		} else {
			err = writeDurably(path, a.data)
		}
	}
	if err != nil {
		return fmt.Errorf("keeping artifact %s: %w", a.sum, err)
	}
	return nil
}

// ensureAgain is ensure for an artifact that was kept a moment ago: it is only
// looked at.
func (s *Store) ensureAgain(a artifact) error {
	if _, err := os.Stat(s.artifactPath(a.sum)); err == nil {
		return nil
	}
	return s.ensure(a)
}

// shelve makes sure that a directory of artifacts is there, durably.
func (s *Store) shelve(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shelves[dir] {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	s.shelves[dir] = true
	return nil
}

// unfinished is how the names of files begin that are being written.
const unfinished = ".new-"

// writeDurably writes a file so that, whatever happens, either the whole file
// is there or none.
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

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
