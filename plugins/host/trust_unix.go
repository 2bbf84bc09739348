//go:build unix

package host

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const writableByOthers = 0o022

// Trusted returns an error for a program that another user could have put there
// or could change: it, its folder, and the folders above must belong to this
// user or to root and be writable by no other user. Above the program's own
// folder, sticky folders such as /tmp are allowed, because other users cannot
// replace files there.
func Trusted(path string) error {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return core.Errorf(core.ErrorConfig, "plugin: %w", err)
	}
	for _, p := range []string{path, resolved} {
		if err := trustedFolders(filepath.Dir(p)); err != nil {
			return err
		}
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return core.Errorf(core.ErrorConfig, "plugin: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return core.Errorf(core.ErrorConfig, "plugin %s is not a program", path).WithHint("chmod +x %s", path)
	}
	return ownedAndGuarded(resolved, info)
}

func trustedFolders(dir string) error {
	for first := true; ; first = false {
		info, err := os.Stat(dir)
		if err != nil {
			return core.Errorf(core.ErrorConfig, "plugin folder: %w", err)
		}
		sticky := info.Mode()&fs.ModeSticky != 0
		if first || !sticky {
			if err := ownedAndGuarded(dir, info); err != nil {
				return err
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

func ownedAndGuarded(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&writableByOthers != 0 {
		return core.Errorf(core.ErrorConfig, "plugins are not started from %s: others may write to it (mode %s)", path, info.Mode()).
			WithHint("chmod go-w %s", path)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && stat.Uid != 0 && int(stat.Uid) != os.Getuid() {
		return core.Errorf(core.ErrorConfig, "plugins are not started from %s: it belongs to another user (id %d)", path, stat.Uid)
	}
	return nil
}
