//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lock is a lock on a file. The kernel releases it when the process dies, in
// whatever way, so it also tells the living from the dead: process numbers are
// reused, and clocks are set.
type lock struct{ file *os.File }

// acquire waits until no other process holds the lock. The file is made if
// there is none, and stays.
func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if err == nil {
			return &lock{file}, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
	}
}

// tryAcquire is acquire, but does not wait: it returns nil where another process
// holds the lock.
func tryAcquire(path string) (*lock, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, file.Close()
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
		if err == nil && isAt(file, path) {
			return &lock{file}, nil
		}
		_ = file.Close() // somebody removed it meanwhile: the next one is another lock
	}
}

// isAt reports whether a path still leads to an open file.
func isAt(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}

// sign writes into the file which process holds the lock, for people. Where there
// is no room for that, it is held all the same.
func (l *lock) sign() {
	host, _ := os.Hostname()
	if err := l.file.Truncate(0); err == nil {
		_, _ = l.file.WriteAt(fmt.Appendf(nil, "%d on %s\n", os.Getpid(), host), 0)
	}
}

// release gives the lock up.
func (l *lock) release() { _ = l.file.Close() }

// held reports whether a process holds the lock.
func held(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}
