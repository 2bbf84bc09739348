package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// drainDelay is how long a program's output is read after it has ended: something
// that it has started may hold it open.
const drainDelay = time.Second

// process is a running program with its standard streams.
type process struct {
	name    string // of the program, for messages
	cmd     *exec.Cmd
	stdin   *os.File
	out     *stream
	stderr  *complaints
	folder  string // of its own; "" where the campaign names one
	started time.Time

	// done is closed when the program has ended.
	done  chan struct{}
	close sync.Once
}

// start starts the program.
func (t *target) start() (_ *process, err error) {
	p := &process{name: filepath.Base(t.program.Command[0]), started: time.Now(), done: make(chan struct{})}
	if t.program.Directory == "" {
		if p.folder, err = os.MkdirTemp("", "command-"); err != nil {
			return nil, core.Errorf(core.ErrorInternal, "making a folder for %s: %w", p.name, err)
		}
	}
	p.cmd = &exec.Cmd{Path: t.path, Args: t.program.Command, Dir: t.program.Directory + p.folder}
	p.cmd.Env = t.program.environment(p.cmd.Environ())
	lead(p.cmd)
	if err := p.run(t.program.MaxReplyBytes); err != nil {
		p.removeFolder()
		return nil, core.Errorf(core.ErrorUnavailable, "starting %s: %w", p.name, err).About(core.SubjectReachability).
			WithHint("in the sandbox a program reads the system's files, its own, and those below files")
	}
	return p, nil
}

// run starts the command with pipes of our own: unlike those of the command they can
// be read after it has ended, for as long as we want.
func (p *process) run(maxReply int) error {
	var pipes [3][2]*os.File // each with what is read and what is written
	closeAll := func() {
		for _, pipe := range pipes {
			for _, end := range pipe {
				if end != nil {
					_ = end.Close() // nothing was written
				}
			}
		}
	}
	for i := range pipes {
		var err error
		if pipes[i][0], pipes[i][1], err = os.Pipe(); err != nil {
			closeAll()
			return err
		}
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = pipes[0][0], pipes[1][1], pipes[2][1]
	if err := p.cmd.Start(); err != nil {
		closeAll()
		return err
	}
	for _, theirs := range []*os.File{pipes[0][0], pipes[1][1], pipes[2][1]} {
		_ = theirs.Close() // the program has its own
	}
	p.stdin = pipes[0][1]
	// A line of JSON may have two bytes of escapes for one of text.
	p.out, p.stderr = newStream(pipes[1][0], 2*maxReply+chunk), newComplaints(pipes[2][0])
	go p.wait()
	return nil
}

// wait waits for the end of the program, and kills what is left of its group.
func (p *process) wait() {
	_ = p.cmd.Wait() // the process state says more than the error
	killGroup(p.cmd)
	latest := time.Now().Add(drainDelay)
	_ = p.out.file.SetReadDeadline(latest) // it is closed otherwise
	p.stderr.end(latest)
	close(p.done)
}

// write writes to the program's standard input, and returns how that ended. The
// channel has room for the result, so that nobody needs to wait for it.
func (p *process) write(data []byte, last bool) <-chan error {
	result := make(chan error, 1)
	go func() {
		_, err := p.stdin.Write(data)
		if last {
			err = errors.Join(err, p.closeInput())
		}
		result <- err
	}()
	return result
}

// closeInput closes the program's standard input.
func (p *process) closeInput() error {
	if err := p.stdin.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// end closes the program's standard input, and kills the program if it does not end
// within a time.
func (p *process) end(ctx context.Context, patience time.Duration) {
	_ = p.closeInput() // the program ends, or is killed
	p.out.drop()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill()
}

// kill kills the program with its group, and waits until that is done. It may be
// called more than once.
func (p *process) kill() {
	p.close.Do(func() {
		killGroup(p.cmd)
		_ = p.closeInput() // it is of no use any more
		p.out.drop()
		<-p.done
		<-p.out.finished
		<-p.stderr.finished
		p.removeFolder()
	})
}

func (p *process) removeFolder() {
	if p.folder != "" {
		_ = os.RemoveAll(p.folder) // an error leaves files behind
	}
}

// hasEnded reports whether the program has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// exit says how the program has ended, or that it closed its output without ending.
// It waits a little, since output and program do not end at the same time.
func (p *process) exit(ctx context.Context) string {
	timer := time.NewTimer(drainDelay)
	defer timer.Stop()
	select {
	case <-p.done:
		select { // what it has written last
		case <-p.out.finished:
		case <-timer.C:
		case <-ctx.Done():
		}
		return fmt.Sprintf("%s ended (%s)", p.name, strings.TrimSpace(p.cmd.ProcessState.String()))
	case <-timer.C:
	case <-ctx.Done():
	}
	return p.name + " closed its standard output"
}
