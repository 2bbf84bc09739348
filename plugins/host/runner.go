package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

// drainTimeout is how long the output of a process is read after its end. A
// program that it started and that left its group can hold the pipes open.
const drainTimeout = 250 * time.Millisecond

// run is one run of a plugin's program. It replaces go-plugin's runner, which
// reads standard error to its end before it checks the process, so that a
// grandchild that holds it open blocks everything; gives the plugin the host's
// standard input; drops standard output after the handshake; and parses log
// lines with a parser that panics on some.
type run struct {
	argv []string
	// env are the variables of go-plugin and the contract, how the
	// restrictions.
	env []string
	how *confined
	// open verifies a program right before it is started; nil for the bundled
	// one. sum is its SHA-256.
	open func() (*executable, error)
	sum  string
	log  *pluginLog

	// started is called with the id of the process once it was started, without
	// a lock. It must not block.
	started func(pid int)

	// The pipes that go-plugin reads: one with the handshake line, one that is
	// empty.
	stdout, stderr   *io.PipeReader
	toStdout, toNone *io.PipeWriter

	mu        sync.Mutex
	cmd       *exec.Cmd
	killed    bool
	reaped    bool // its id may belong to another process
	handshake string

	// over is closed when the process has ended and its output was read; status
	// is set before.
	over   chan struct{}
	status string
	// left counts the processes that it started and that cannot be killed.
	left int
}

var _ runner.Runner = (*run)(nil)

// newRun returns a run that has not been started.
func newRun(p *plugin, how *confined, log *pluginLog, started func(pid int)) *run {
	r := &run{argv: p.argv, how: how, log: log, started: started, over: make(chan struct{})}
	if !p.bundled() {
		r.open = func() (*executable, error) { return openExecutable(p.program) }
	}
	r.stdout, r.toStdout = io.Pipe()
	r.stderr, r.toNone = io.Pipe()
	return r
}

// Start starts the process.
func (r *run) Start(context.Context) error {
	pid, err := r.launch()
	if err != nil {
		return err
	}
	r.started(pid)
	return nil
}

// launch starts the process, unless the run was killed before, and returns its
// id.
func (r *run) launch() (pid int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.killed {
		return 0, errors.New("the plugin was stopped before it started")
	}
	cmd, done, err := r.command()
	if err != nil {
		return 0, err
	}
	defer done()
	cmd.Env = r.env
	if err := r.how.hold(cmd); err != nil {
		return 0, err
	}
	session.Lead(cmd)
	var ends pipeEnds
	defer ends.closeChild()
	lifeline, err := ends.toChild(&cmd.Stdin)
	if err != nil {
		return 0, err
	}
	stdout, outErr := ends.fromChild(&cmd.Stdout)
	stderr, errErr := ends.fromChild(&cmd.Stderr)
	if err := errors.Join(outErr, errErr); err != nil {
		ends.closeParent()
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		ends.closeParent()
		return 0, err
	}
	r.cmd = cmd
	go r.watch(cmd, lifeline, stdout, stderr)
	return cmd.Process.Pid, nil
}

// command returns the command that starts the program, and a function to call
// after the start.
func (r *run) command() (cmd *exec.Cmd, done func(), err error) {
	if r.open == nil {
		return exec.Command(r.argv[0], r.argv[1:]...), func() {}, nil //nolint:noctx // ended by stop, with its whole group, and not by a context
	}
	program, err := r.open()
	if err != nil {
		return nil, nil, err
	}
	r.sum = program.sum
	return program.command(r.argv), program.close, nil
}

// watch reads the output and waits for the end.
func (r *run) watch(cmd *exec.Cmd, lifeline, stdout, stderr *os.File) {
	var reading sync.WaitGroup
	reading.Go(func() { r.readStdout(stdout) })
	reading.Go(func() { eachLine(stderr, r.log.structured) })

	r.left = session.Wait(cmd)
	r.mu.Lock()
	r.reaped = true
	r.mu.Unlock()
	deadline := time.Now().Add(drainTimeout)
	_ = stdout.SetReadDeadline(deadline)
	_ = stderr.SetReadDeadline(deadline)
	reading.Wait()
	for _, c := range []io.Closer{lifeline, stdout, stderr, r.toStdout, r.toNone} {
		_ = c.Close()
	}
	r.status = cmd.ProcessState.String()
	close(r.over)
}

// readStdout passes the first line to go-plugin, and the rest to the log.
func (r *run) readStdout(stdout io.Reader) {
	first := true
	eachLine(stdout, func(line string) {
		if !first {
			r.log.plain(line)
			return
		}
		first = false
		r.mu.Lock()
		r.handshake = line
		r.mu.Unlock()
		_, _ = io.WriteString(r.toStdout, line+"\n")
	})
}

// firstLine returns the first line on standard output.
func (r *run) firstLine() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handshake
}

// Wait waits until the process has ended and its output was read.
func (r *run) Wait(context.Context) error {
	<-r.over
	return nil
}

// Kill kills the process and what it has started; it does not wait.
func (r *run) Kill(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed = true
	if r.cmd != nil && !r.reaped {
		session.Kill(r.cmd.Process.Pid)
	}
	return nil
}

func (r *run) ended() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// Stdout gives go-plugin the handshake line.
func (r *run) Stdout() io.ReadCloser { return r.stdout }

// Stderr is empty for go-plugin: log lines are parsed here.
func (r *run) Stderr() io.ReadCloser { return r.stderr }

// Name is the program.
func (r *run) Name() string { return r.argv[0] }

// ID is the process id. It is not empty before the start either, because
// go-plugin cleans up nothing that has no id.
func (r *run) ID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return "not started"
	}
	return strconv.Itoa(r.cmd.Process.Pid)
}

// Diagnose adds nothing to go-plugin's message, which is not shown.
func (r *run) Diagnose(context.Context) string { return "" }

// PluginToHost returns its arguments: addresses are the same on both sides.
func (r *run) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin does the same the other way.
func (r *run) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// pipeEnds are the ends of the pipes between host and plugin.
type pipeEnds struct{ child, parent []io.Closer }

func (e *pipeEnds) toChild(stdin *io.Reader) (*os.File, error) {
	child, parent, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	e.child, e.parent = append(e.child, child), append(e.parent, parent)
	*stdin = child
	return parent, nil
}

func (e *pipeEnds) fromChild(output *io.Writer) (*os.File, error) {
	parent, child, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	e.child, e.parent = append(e.child, child), append(e.parent, parent)
	*output = child
	return parent, nil
}

func (e *pipeEnds) closeChild() {
	for _, c := range e.child {
		_ = c.Close()
	}
}

func (e *pipeEnds) closeParent() {
	for _, c := range e.parent {
		_ = c.Close()
	}
}
