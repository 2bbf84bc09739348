package host_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// logBuffer is a log that a test can read while it is written.
type logBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// waitFor waits until the log has a line with all of the words.
func (b *logBuffer) waitFor(t *testing.T, words ...string) {
	t.Helper()
	eventually(t, 10*time.Second, fmt.Sprintf("a log line with %q", words), func() bool {
		for line := range strings.Lines(b.String()) {
			if containsAll(line, words) {
				return true
			}
		}
		return false
	})
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// eventually polls, and fails the test when the deadline passes.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
		<-tick.C
	}
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// newHost returns a host with the fixtures as bundled plugin. It is closed
// with the test.
func newHost(t *testing.T, change func(*host.Options)) (*host.Host, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	o := host.Options{
		Bundled:      []string{self(t), "serve"},
		Log:          hclog.New(&hclog.LoggerOptions{Name: "host", Level: hclog.Debug, Output: log}),
		RestartPause: 10 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	h := host.New(o)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("closing the host: %v", err)
		}
		if t.Failed() {
			t.Logf("the host's log:\n%s", log)
		}
	})
	return h, log
}

// installed returns a folder with third-party plugins.
func installed(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Symlink(self(t), filepath.Join(dir, "orchestrator-plugin-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func openConverter(t *testing.T, h *host.Host, use, config string) core.Converter {
	t.Helper()
	c, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), use, []byte(config))
	if err != nil {
		t.Fatalf("opening %s: %v", use, err)
	}
	return c
}

// ask opens a converter and converts one text.
func ask(t *testing.T, h *host.Host, use, text string) string {
	t.Helper()
	out, err := openConverter(t, h, use, "").Convert(t.Context(), core.TextValue(text))
	if err != nil {
		t.Fatalf("%s: %v", use, err)
	}
	return out.Text()
}

func pidOf(t *testing.T, h *host.Host) int {
	t.Helper()
	var pid, group int
	if _, err := fmt.Sscan(ask(t, h, "pid", ""), &pid, &group); err != nil {
		t.Fatal(err)
	}
	return pid
}

// running reports whether a process exists and is more than a zombie.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func signalTo(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("sending %v to %d: %v", s, pid, err)
	}
}

// closeWithin closes a host and fails if that takes too long.
func closeWithin(t *testing.T, h *host.Host, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- h.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatalf("closing takes longer than %v", limit)
	}
}
