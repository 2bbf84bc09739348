//go:build linux

package store_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A power cut takes what was written and not synchronised. This test reads the
// calls of a process that records turns with artifacts, and follows which files and
// directories a cut would take something of.
func TestWhatIsAcknowledgedIsNotLostWithThePower(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	calls := traceWriter(t, dir)
	unsafe := map[string]bool{}
	acknowledged, artifacts := 0, 0
	for _, c := range calls {
		switch {
		case c.name == "write" && strings.Contains(c.arguments, "recorded "):
			acknowledged++
			if diff := cmp.Diff(map[string]bool{}, unsafe); diff != "" {
				t.Fatalf("acknowledgement %d (-want +what would be lost):\n%s", acknowledged, diff)
			}
		case strings.HasPrefix(c.name, "mkdir"), strings.HasPrefix(c.name, "rename"):
			from, to := c.quoted()
			if unsafe[from] {
				t.Errorf("%s gets its name before it is whole", from)
			}
			if strings.HasPrefix(to, dir) {
				unsafe[filepath.Dir(to)] = true
			}
		case strings.Contains(c.name, "sync"):
			delete(unsafe, c.file)
		case strings.HasSuffix(c.file, "-shm") || !strings.HasPrefix(c.file, dir): // the first is made anew
		default:
			if acknowledged > 0 && strings.HasSuffix(c.file, "-wal") { // the beginning of the trial nobody waited for
				for file := range unsafe {
					if strings.Contains(file, "artifacts") {
						t.Errorf("a row is written before the artifact that it names: %s", file)
					}
				}
			}
			if strings.Contains(c.file, "artifacts") {
				artifacts++
			}
			if !strings.Contains(c.file, "running") { // it means nothing after a power cut
				unsafe[c.file] = true
			}
		}
	}
	if acknowledged < 20 || artifacts < 20 {
		t.Errorf("%d turns were acknowledged, with %d artifacts; want 20: the test looks at nothing", acknowledged, artifacts)
	}
}

// call is a call of the kernel: its name, the file of its first argument, where that
// is an open one, and all of its arguments.
type call struct{ name, file, arguments string }

var quotedPath = regexp.MustCompile(`"([^"]*)"`)

// quoted returns the first and the last path of a call; the same where there is one.
func (c call) quoted() (first, last string) {
	all := quotedPath.FindAllStringSubmatch(c.arguments, -1)
	return all[0][1], all[len(all)-1][1]
}

var tracedCall = regexp.MustCompile(`^\d+ +(\w+)\((?:\d+<([^>]*)>)?(.*)`)

// traceWriter has another process record some turns, and returns its calls in the
// order in which they were made.
func traceWriter(t *testing.T, dir string) []call {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	writer := exec.Command("strace", "-f", "-y", "-qq", "-s", "64", "-o", trace,
		"-e", "trace=write,pwrite64,fsync,fdatasync,mkdir,mkdirat,rename,renameat,renameat2", os.Args[0])
	writer.Env = append(os.Environ(), asWriter+"="+dir)
	out, err := writer.StdoutPipe()
	must(t, err)
	if err := writer.Start(); err != nil {
		t.Skipf("there is no strace to look with: %v", err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.HasPrefix(said.Text(), "recorded 20") {
	}
	if said.Text() == "" {
		_ = writer.Wait()
		t.Skip("this system lets no process be traced")
	}
	must(t, writer.Process.Signal(os.Interrupt))
	_ = out.Close() // so that the writer ends, too
	_ = writer.Wait()
	data, err := os.ReadFile(trace)
	must(t, err)
	var calls []call
	unfinished := map[string]string{}
	for line := range strings.Lines(string(data)) {
		id, rest, _ := strings.Cut(line, " ")
		// Of a call that others come between, the end is its time.
		if before, ok := strings.CutSuffix(strings.TrimSpace(rest), "<unfinished ...>"); ok {
			unfinished[id] = before
			continue
		}
		if _, after, ok := strings.Cut(rest, "resumed>"); ok {
			line = id + " " + unfinished[id] + after
		}
		if m := tracedCall.FindStringSubmatch(line); m != nil {
			calls = append(calls, call{m[1], m[2], m[3]})
		}
	}
	return calls
}
