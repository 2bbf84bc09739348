package speech

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/bounded"
)

const (
	// stderrTail is how many of the last bytes of a program's stderr are kept.
	stderrTail = 2 << 10
	// drainDelay is how long a program's output may stay open after it has exited.
	drainDelay = 2 * time.Second
)

// programs runs programs, at most as many at a time as there are processors.
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

// run runs a program and returns its stdout. When ctx ends or the timeout is over,
// the program and its process group are killed (see [killAsGroup]).
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
	stdout, stderr := bounded.NewBuffer(i.maxOutput, cancel), bounded.NewTail(stderrTail)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = drainDelay
	killAsGroup(cmd)
	err := cmd.Run()
	name := filepath.Base(i.argv[0])
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case stdout.Exceeded():
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
	return nil, core.Errorf(core.ErrorInput, "%s: %w%s", name, err, quoted(stderr))
}

// The programs of the engines.
const (
	programFlite        = "flite"
	programESpeak       = "espeak-ng"
	programPocketSphinx = "pocketsphinx_continuous"
)

// How Debian installs the programs of the engines.
const (
	installFlite        = "apt-get install flite"
	installESpeak       = "apt-get install espeak-ng"
	installPocketSphinx = "apt-get install pocketsphinx pocketsphinx-en-us"
)

// LocalEngine is an engine that runs a program of this machine.
type LocalEngine struct {
	// Program is its name on the PATH.
	Program string
	// Converter and Engine are what a campaign that uses it names.
	Converter, Engine string
	// Install is the command that installs it on Debian.
	Install string

	try func(ctx context.Context) error // nil where the program is all that it takes
}

// Try has an engine work that takes more than its program, as the converter does,
// for about a second. The error, with a hint, is that of the converter.
func (e LocalEngine) Try(ctx context.Context) error {
	if e.try == nil {
		return nil
	}
	return e.try(ctx)
}

// LocalEngines returns the engines of [Programs], in the same order.
func LocalEngines() []LocalEngine {
	return []LocalEngine{
		{programFlite, "speech", engineFlite, installFlite, nil},
		{programESpeak, "speech", engineESpeak, installESpeak, nil},
		{programPocketSphinx, "transcribe", enginePocketSphinx, installPocketSphinx, tryPocketSphinx},
	}
}

// find returns the absolute path of a program. install is the hint of the error if
// it is not installed.
func find(name, install string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", core.Errorf(core.ErrorConfig, "there is no program %s: %w", name, err).WithHint("%s", install)
	}
	return path, nil
}

// quoted returns ": " and what a program said at last, or "" if that is blank.
func quoted(stderr *bounded.Tail) string {
	if text := stderr.Text(); text != "" {
		return ": " + text
	}
	return ""
}
