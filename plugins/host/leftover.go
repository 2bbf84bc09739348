//go:build unix

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// lockName is the file in a process's folder whose lock the host holds. The kernel
// releases it when the host ends in any way.
const lockName = "lock"

// folderName matches the names of the processes' folders.
var folderName = regexp.MustCompile(`^orchestrator-[0-9]+$`)

// lockFolder creates the lock of a folder, and takes it until the file is closed. ok is
// false where another process has taken it, to remove the folder.
func lockFolder(folder string) (lock *os.File, ok bool, err error) {
	lock, err = os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, false, err
	}
	if taken, err := take(lock); !taken || err != nil {
		return nil, false, errors.Join(err, lock.Close())
	}
	if _, err := os.Lstat(lock.Name()); errors.Is(err, fs.ErrNotExist) {
		return nil, false, lock.Close()
	}
	return lock, true, nil
}

// take takes the lock of an open file, unless another process holds it.
func take(file *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
	}
}

// Leftover is the folder of a plugin's process whose host ended without removing it.
type Leftover struct {
	Path string
	// Bytes are those of the files in it.
	Bytes int64
}

// Leftovers returns the folders of processes that hosts of this user have left behind,
// and removes them where remove is set. A folder whose host runs is none. What cannot be
// read or removed is left.
func Leftovers(ctx context.Context, remove bool) []Leftover {
	return leftoversIn(ctx, socketDir(os.TempDir()), remove)
}

func leftoversIn(ctx context.Context, dir string, remove bool) []Leftover {
	entries, _ := os.ReadDir(dir) // those that can be read
	var all []Leftover
	for _, e := range entries {
		if ctx.Err() != nil {
			break
		}
		if !e.IsDir() || !folderName.MatchString(e.Name()) {
			continue
		}
		if left, ok := leftover(filepath.Join(dir, e.Name()), remove); ok {
			all = append(all, left)
		}
	}
	return all
}

// leftover reports whether a folder was left behind.
func leftover(folder string, remove bool) (Leftover, bool) {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() {
		return Leftover{}, false
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Getuid() {
		return Leftover{}, false
	}
	lock, err := os.OpenFile(filepath.Join(folder, lockName), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return Leftover{}, false // one that is just being made has none yet
	}
	defer func() { _ = lock.Close() }() // nothing was written
	if taken, err := take(lock); !taken || err != nil {
		return Leftover{}, false
	}
	left := Leftover{Path: folder}
	_ = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				left.Bytes += info.Size()
			}
		}
		return nil // what cannot be read is not counted
	})
	if remove && os.RemoveAll(folder) != nil {
		return Leftover{}, false
	}
	return left, true
}
