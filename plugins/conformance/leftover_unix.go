//go:build unix

package conformance

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// descendants lists the processes that have come of the host and run, however
// they left its groups: they have its folder for temporary files. Where the
// system does not show that, they are those in the plugin's group.
func (o *otherHost) descendants() []int {
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(environs) == 0 {
		if o.plugin != 0 && syscall.Kill(-o.plugin, 0) == nil {
			return []int{o.plugin}
		}
		return nil
	}
	var found []int
	for _, file := range environs {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte("TMPDIR="+o.temp)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && alive(pid) {
			found = append(found, pid)
		}
	}
	return found
}

// alive reports whether a process runs. A zombie, which has ended and was not
// waited for, does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func kill(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }

// sockets lists the sockets below a folder, and what go-plugin makes for them.
func sockets(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it has just been removed
		}
		if d.Type()&fs.ModeSocket != 0 || strings.HasPrefix(d.Name(), "plugin-dir") {
			found = append(found, path)
		}
		return nil
	})
	return found
}
