//go:build unix

package conformance

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// descendants lists the running processes that the host has started, directly
// or not, even outside of its groups: they have its folder for temporary files.
// Where the system does not show that, they are those in the plugin's group.
func (o *otherHost) descendants() []int {
	entries, err := names("/proc")
	shown := err == nil && slices.Contains(entries, "self")
	if !shown {
		if o.plugin != 0 && syscall.Kill(-o.plugin, 0) == nil {
			return []int{o.plugin}
		}
		return nil
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry)
		if err != nil {
			continue
		}
		environ, err := os.ReadFile("/proc/" + entry + "/environ")
		if err == nil && bytes.Contains(environ, []byte("TMPDIR="+o.temp)) && alive(pid) {
			found = append(found, pid)
		}
	}
	return found
}

// names lists a folder, unsorted, without reading the files' metadata.
func names(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return d.Readdirnames(-1)
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

// sockets lists the sockets below a folder, and the folders that go-plugin
// creates for them.
func sockets(dir string) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it was removed meanwhile
		}
		if d.Type()&fs.ModeSocket != 0 || strings.HasPrefix(d.Name(), "plugin-dir") {
			found = append(found, path)
		}
		return nil
	})
	return found
}
