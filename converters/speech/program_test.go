package speech

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// pipe makes a named pipe. Whoever opens it for reading waits for a writer;
// its end is reached when every process that has it open for writing is gone.
func pipe(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func shell(script string, args ...string) invocation {
	return invocation{argv: append([]string{"/bin/sh", "-c", script}, args...), timeout: time.Minute, maxOutput: 100}
}

// family starts a child and a grandchild that hold a pipe open for ever.
func family(name string) invocation { return shell(`exec 3>"$0"; sleep 1000 & wait`, name) }

func TestAProgramGetsItsInputAndGivesItsOutput(t *testing.T) {
	i := shell("cat; pwd")
	i.stdin, i.dir = []byte("in "), "/"
	out, err := newPrograms().run(t.Context(), i)
	if err != nil || string(out) != "in /\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestWhenTheCallerGivesUpTheProgramDiesWithAllThatItStarted(t *testing.T) {
	name := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := newPrograms().run(ctx, family(name))
		result <- err
	}()
	f, err := os.Open(name) // returns when the program is up
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := io.ReadAll(f); err != nil { // ends when both are dead
		t.Fatal(err)
	}
}

func TestAProgramThatTakesTooLongIsKilled(t *testing.T) {
	name := pipe(t)
	i := family(name)
	i.timeout = 200 * time.Millisecond
	result := make(chan error, 1)
	go func() {
		_, err := newPrograms().run(t.Context(), i)
		result <- err
	}()
	f, err := os.OpenFile(name, os.O_RDWR, 0) // does not wait, whichever of them is first
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = <-result
	if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "sh did not finish within 200ms") {
		t.Errorf("error %v, want a timeout error that names the program", err)
	}
}

func TestAFailureSaysWhatTheProgramComplainedOf(t *testing.T) {
	long := strings.Repeat("x", 10*stderrTail)
	_, err := newPrograms().run(t.Context(), shell("echo "+long+" >&2; echo the voice is hoarse >&2; exit 3"))
	if core.KindOf(err) != core.ErrorInput {
		t.Fatalf("error %v, want an input error", err)
	}
	if got := err.Error(); !strings.HasPrefix(got, "sh: exit status 3: x") || !strings.HasSuffix(got, "hoarse") || len(got) > stderrTail+100 {
		t.Errorf("error of %d bytes: %.40s…%s", len(got), got, got[len(got)-40:])
	}
}

func TestAProgramThatWritesWithoutEndIsStopped(t *testing.T) {
	_, err := newPrograms().run(t.Context(), shell("while :; do echo lalala; done"))
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("error %v, want a protocol error about the amount", err)
	}
}

func TestAProgramThatLeavesAChildBehindDoesNotBlockForEver(t *testing.T) {
	name := pipe(t)
	result := make(chan error, 1)
	go func() {
		_, err := newPrograms().run(t.Context(), shell(`exec 3>"$0"; sleep 1000 &`, name))
		result <- err
	}()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = <-result
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "keeps its output open") {
		t.Errorf("error %v, want a protocol error about what was left behind", err)
	}
	if _, err := io.ReadAll(f); err != nil { // ends when the child is dead
		t.Fatal(err)
	}
}

func TestNoMoreProgramsRunThanThereAreSlots(t *testing.T) {
	name := pipe(t)
	p := programs{make(chan struct{}, 1)}
	first, stopFirst := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.run(first, family(name))
	}()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	trace := filepath.Join(t.TempDir(), "trace")
	second, stopSecond := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stopSecond()
	if _, err := p.run(second, shell(`: >"$0"`, trace)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second got %v, want to wait until its deadline", err)
	}
	if _, err := os.Stat(trace); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the second ran: %v", err)
	}

	stopFirst()
	<-done
	if _, err := p.run(t.Context(), shell(`: >"$0"`, trace)); err != nil {
		t.Errorf("after the first had ended: %v", err)
	}
}

func TestAProgramThatCannotBeStartedIsUnavailable(t *testing.T) {
	i := shell("")
	i.argv = []string{"/nonexistent/program"}
	if _, err := newPrograms().run(t.Context(), i); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("error %v, want an unavailable error", err)
	}
}
