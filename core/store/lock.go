//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// lock is a lock on a file. The kernel releases it when the process ends in any
// way, so that it also shows whether the process lives: process numbers are
// reused, and clocks are set.
type lock struct{ file *os.File }

// acquire waits for the lock. The file is created if it does not exist, and is
// not removed.
func acquire(path string) (*lock, error) { return lockAt(path, unix.LOCK_EX) }

// tryAcquire is acquire without the wait: it returns nil where another process
// holds the lock.
func tryAcquire(path string) (*lock, error) { return lockAt(path, unix.LOCK_EX|unix.LOCK_NB) }

func lockAt(path string, how int) (*lock, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		taken, err := flock(file, how)
		if err == nil && taken && isAt(file, path) {
			return &lock{file}, nil
		}
		if err = errors.Join(err, file.Close()); err != nil || !taken {
			return nil, err
		}
		// The file was removed meanwhile: a new one is another lock.
	}
}

// flock locks an open file. With unix.LOCK_NB in how, it reports false where
// another process holds the lock.
func flock(file *os.File, how int) (bool, error) {
	for {
		err := unix.Flock(int(file.Fd()), how)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
	}
}

// isAt reports whether a path still refers to an open file.
func isAt(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}

// sign writes the process's number and host into the file, for information. An
// error is ignored: a full disk does not affect the lock.
func (l *lock) sign() {
	host, _ := os.Hostname()
	if err := l.file.Truncate(0); err == nil {
		_, _ = l.file.WriteAt(fmt.Appendf(nil, "%d on %s\n", os.Getpid(), host), 0)
	}
}

// release releases the lock.
func (l *lock) release() { _ = l.file.Close() }

// held reports whether a process holds the lock.
func held(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	taken, err := flock(file, unix.LOCK_SH|unix.LOCK_NB)
	return err == nil && !taken
}

// newFile creates a file with a unique name in a directory, and holds its lock
// until it is closed. A file whose lock is free was left by a process that
// died.
func newFile(dir string) (*os.File, error) {
	for {
		file, err := os.CreateTemp(dir, unfinished+"*") // with permissions 0600
		if err != nil {
			return nil, err
		}
		taken, err := flock(file, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && taken && isAt(file, file.Name()) {
			return file, nil
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, errors.Join(err, os.Remove(file.Name()))
		}
		// A garbage collection removed it before it was locked.
	}
}

// openStale opens a file whose lock is free, because its process died, and
// takes the lock. It returns nil where the file is in use, or does not exist.
func openStale(path string) (*os.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	taken, err := flock(file, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil && taken && isAt(file, path) {
		return file, nil
	}
	return nil, errors.Join(err, file.Close())
}
