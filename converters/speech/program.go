package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// stderrTail is how much of what a program complained of is kept, in bytes.
	stderrTail = 2 << 10
	// drainDelay is how long a program's output may stay open after its end.
	drainDelay = 2 * time.Second
)

// programs runs programs, only so many at a time.
type programs struct {
	slots chan struct{}
}

func newPrograms() programs { return programs{make(chan struct{}, runtime.NumCPU())} }

// invocation is one run of a program.
type invocation struct {
	argv    []string
	dir     string
	stdin   []byte
	timeout time.Duration // from the start, not counting the wait for a slot
	// maxOutput is how many bytes the program may write to stdout.
	maxOutput int
}

// run runs a program and returns what it wrote to stdout. When ctx ends or the
// time is up, the program is killed with everything that it has started.
func (p programs) run(ctx context.Context, i invocation) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, i.argv[0], i.argv[1:]...)
	cmd.Dir = i.dir
	cmd.Stdin = bytes.NewReader(i.stdin)
	stdout, stderr := &boundedBuffer{limit: i.maxOutput, overflow: cancel}, &tail{limit: stderrTail}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = drainDelay
	killAsGroup(cmd)
	err := cmd.Run()
	name := filepath.Base(i.argv[0])
	switch {
	case err == nil:
		return stdout.bytes, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case stdout.overflowed:
		return nil, core.Errorf(core.ErrorProtocol, "%s wrote more than %d bytes", name, i.maxOutput)
	case limited.Err() != nil:
		return nil, core.Errorf(core.ErrorTimeout, "%s did not finish within %v", name, i.timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		_ = killGroup(cmd)
		return nil, core.Errorf(core.ErrorProtocol, "%s ended, but something that it started keeps its output open", name)
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return nil, core.Errorf(core.ErrorUnavailable, "running %s: %w", name, err)
	}
	return nil, core.Errorf(core.ErrorInput, "%s: %w%s", name, err, stderr.quoted())
}

// The programs of the engines.
const (
	programFlite        = "flite"
	programESpeak       = "espeak-ng"
	programPocketSphinx = "pocketsphinx_continuous"
)

// find returns the absolute path of a program. install is the hint for people
// who do not have it.
func find(name, install string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", core.Errorf(core.ErrorUnavailable, "there is no program %s: %w", name, err).WithHint("%s", install)
	}
	return path, nil
}

// boundedBuffer refuses more than limit bytes, and calls overflow then.
type boundedBuffer struct {
	bytes      []byte
	limit      int
	overflow   func()
	overflowed bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if len(b.bytes)+len(p) > b.limit {
		b.overflowed = true
		b.overflow()
		return 0, fmt.Errorf("more than %d bytes", b.limit)
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

// tail keeps the last limit bytes.
type tail struct {
	limit int
	bytes []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if over := len(t.bytes) - t.limit; over > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[over:]...)
	}
	return len(p), nil
}

// quoted returns the tail as the end of an error message.
func (t *tail) quoted() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.bytes), "\uFFFD"))
	if text == "" {
		return ""
	}
	return ": " + text
}
