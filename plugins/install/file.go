package install

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxProgram is the largest size of a plugin's program, in bytes.
const maxProgram = 1 << 30

// fetch writes a program to a new file, durably, and returns its SHA-256. It
// fails if that differs from the expected one.
func (o Options) fetch(ctx context.Context, from origin, path string) (sum string, err error) {
	in, size, err := from.place.open(ctx, from.file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if size > maxProgram {
		return "", core.Errorf(core.ErrorConfig, "%s is larger than %d MiB", from.file, maxProgram>>20)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700) //nolint:gosec // it is a program
	if err != nil {
		return "", core.Errorf(core.ErrorInternal, "fetching %s: %w", from.file, err)
	}
	hash := sha256.New()
	into := io.MultiWriter(out, hash)
	if o.Progress != nil {
		bar := o.Progress(from.file, size)
		defer func() { err = errors.Join(err, bar.Close()) }()
		into = io.MultiWriter(into, bar)
	}
	n, err := io.Copy(into, io.LimitReader(untilDone{ctx, in}, maxProgram+1))
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", fmt.Errorf("fetching %s: %w", from.file, err)
	}
	if n > maxProgram {
		return "", core.Errorf(core.ErrorConfig, "%s is larger than %d MiB", from.file, maxProgram>>20)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	if want := from.sum(); want != "" && sum != want {
		return "", core.Errorf(core.ErrorConfig, "%s is not what its checksum says: its SHA-256 is %s, not %s", from.file, sum, want).
			WithHint("the file was damaged on the way, or changed; nothing was installed")
	}
	return sum, nil
}

// untilDone is a reader that fails when a context has ended.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

// Read reads, unless the context is done.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// WriteLock writes a lock file atomically.
func WriteLock(path string, l *Lock) (err error) {
	data, err := l.Encode()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".lock-")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Chmod(0o644), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the entries of a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
