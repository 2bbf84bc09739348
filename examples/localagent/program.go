package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// launch is the first argument with which this program is started again, restricts
// itself and becomes the server.
const launch = "launch-in-sandbox"

// stopTimeout is how long the server may take to end when it is told to.
const stopTimeout = 5 * time.Second

//go:embed server/*.py
var source embed.FS

// program is the running server.
type program struct {
	folder     string
	restricted string // by what
	cmd        *exec.Cmd
	lifeline   *os.File      // the server ends when it is closed
	ended      chan struct{} // closed when the program has ended, with failed set
	failed     error
}

// begin starts the server in the sandbox, as far as this system has one.
func begin(ctx context.Context, o options, socket *os.File, stderr io.Writer) (_ *program, err error) {
	folder, err := os.MkdirTemp("", "localagent-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the server: %w", err)
	}
	p := &program{folder: folder, ended: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.remove())
		}
	}()
	code, temp := filepath.Join(folder, "code"), filepath.Join(folder, "temp")
	if err := errors.Join(os.Mkdir(temp, 0o700), os.CopyFS(code, source)); err != nil {
		return nil, fmt.Errorf("writing the server's files: %w", err)
	}
	installation, err := installationOf(ctx, o.python)
	if err != nil {
		return nil, err
	}
	process := sandbox.Process{
		Program:     o.python,
		Permissions: core.Permissions{Read: append(installation, code, o.model)},
		// Threads that wait for each other by spinning take several times as long
		// on a machine that has other work.
		Environment: []string{"PATH=/usr/bin:/bin", "HOME=" + temp, "TMPDIR=" + temp, "LANG=C.UTF-8", "OMP_WAIT_POLICY=passive"},
		Own:         []string{temp},
	}
	argv := []string{
		o.python, "-IB", filepath.Join(code, "server"),
		"--model", o.model, "--name", o.name, "--context", strconv.Itoa(o.context),
	}
	return p, p.start(process, argv, socket, stderr)
}

// installationOf returns the folders with a Python's libraries: those of its virtual
// environment, and of the installation that it was made from.
func installationOf(ctx context.Context, python string) ([]string, error) {
	const ask = `import sys; print(sys.version_info >= (3, 11), sys.prefix, sys.base_prefix, sep="\n")`
	out, err := exec.CommandContext(ctx, python, "-IBc", ask).Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil || len(lines) != 3 {
		return nil, fmt.Errorf("--python: %s does not say where it is installed: %w", python, errors.Join(err, errors.New(string(bytes.TrimSpace(out)))))
	}
	if lines[0] != "True" {
		return nil, fmt.Errorf("--python: %s is older than Python 3.11", python)
	}
	return lines[1:], nil
}

// start starts the command line.
func (p *program) start(process sandbox.Process, argv []string, socket *os.File, stderr io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	environment := process.Environment
	support := sandbox.Supported()
	p.restricted = support.String()
	if support.Any() {
		policy, err := process.Policy()
		if err != nil {
			return err
		}
		variable, err := policy.Variable()
		if err != nil {
			return err
		}
		environment, argv = append(environment, variable), append([]string{self, launch}, argv...)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making the server's lifeline: %w", err)
	}
	defer func() { _ = write.Close() }() // the server has its own
	p.lifeline = read
	p.cmd = exec.Command(argv[0], argv[1:]...) //nolint:noctx // stop ends it
	p.cmd.Env, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = environment, socket, write, stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", argv[0], err)
	}
	go func() {
		p.failed = p.cmd.Wait()
		close(p.ended)
	}()
	return nil
}

// stop ends the server, and all processes of its group.
func (p *program) stop() {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // an error means that it has ended
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-p.ended
	}
}

// why returns why the server ended by itself.
func (p *program) why() error {
	<-p.ended
	if p.failed == nil {
		return errors.New("the server ended")
	}
	return fmt.Errorf("the server ended: %w", p.failed)
}

// remove removes what belongs to the server, which has ended.
func (p *program) remove() error {
	var err error
	if p.lifeline != nil {
		err = p.lifeline.Close()
	}
	if err = errors.Join(err, os.RemoveAll(p.folder)); err != nil { //nolint:gosec // the folder that begin has made
		return fmt.Errorf("clearing up: %w", err)
	}
	return nil
}
