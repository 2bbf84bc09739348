package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/bounded"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	// askTimeout is how long a program may take to describe itself.
	askTimeout = 30 * time.Second
	// maxDescription is the largest size of the description, in bytes.
	maxDescription = 8 << 20
)

// Grant gives a plugin permissions beyond those that it declares, because the
// user allows the campaign to have it run a program or read a file. The plugin
// is the one with the component; a process of it without that permission is
// ended, and started again when it is needed. Grant has to be called before
// anything is opened.
func (h *Host) Grant(ctx context.Context, kind core.Kind, use string, more core.Permissions) error {
	plugin, _, _, err := h.find(ctx, kind, use)
	if err != nil {
		return err
	}
	plugin.grant(more)
	return nil
}

// grant adds to the plugin's permissions.
func (p *plugin) grant(more core.Permissions) {
	p.mu.Lock()
	wider := p.granted.With(more)
	if wider.Equal(p.granted) || !p.confines() {
		p.mu.Unlock()
		return
	}
	p.granted = wider
	launch := p.current
	p.current = nil
	p.mu.Unlock()
	if launch == nil {
		return
	}
	if <-launch.done; launch.err == nil {
		launch.value.stop()
	}
}

// startConfined starts a process with the permissions that the plugin has
// declared and been granted.
func (p *plugin) startConfined(ctx context.Context) (*process, error) {
	if p.attach != nil {
		how := &confined{words: "not sandboxed: it was attached to"}
		hint := "unset " + EnvAttach + ", or do without --require-sandbox"
		if err := p.options.Confinement.insist(errors.New("the plugin was not started by the orchestrator"), hint); err != nil {
			return nil, err
		}
		return startProcess(ctx, p, how)
	}
	declared, err := p.declares(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	allowed := declared.With(p.granted)
	p.mu.Unlock()
	how, err := p.confine(allowed)
	if err != nil {
		return nil, err
	}
	process, err := startProcess(ctx, p, how)
	if err != nil {
		return nil, err
	}
	if now := process.description.Permissions; p.confines() && !now.Equal(declared) {
		process.stop()
		where, hint := p.saidWhere()
		return nil, core.Errorf(core.ErrorProtocol, "the plugin asks for other permissions (%s) than %s (%s)", now, where, declared).WithHint("%s", hint)
	}
	return process, nil
}

// declares returns the permissions that the plugin declares. A program prints
// them when it is run with "describe", in a sandbox without permissions. Those
// of a locked plugin are in the lock: the user approved these and no others.
// Those of a companion are known to this program.
func (p *plugin) declares(ctx context.Context) (core.Permissions, error) {
	switch {
	case !p.confines():
		return core.Permissions{}, nil // permissions are not enforced
	case p.bundled():
		return p.options.Confinement.Bundled, nil
	case p.locked != nil:
		return *p.locked, nil
	case p.declared != nil: // set by the only start in progress
		return *p.declared, nil
	}
	described, err := p.askProgram(ctx)
	if err != nil {
		return core.Permissions{}, fmt.Errorf("asking the program what it is (%s describe): %w", p.path(), err)
	}
	if err := described.Permissions.Check(); err != nil {
		return core.Permissions{}, err
	}
	p.declared = &described.Permissions
	return described.Permissions, nil
}

// saidWhere names the source of the permissions, and what to do where a plugin
// asks for others.
func (p *plugin) saidWhere() (where, hint string) {
	switch {
	case p.origin == companion && p.locked != nil:
		return "this orchestrator allows it", bothPrograms
	case p.locked != nil:
		return "are locked", "a plugin asks for the same at all times; if its permissions have changed on purpose, look at them and lock it again"
	default:
		return "on its command line", "a plugin asks for the same at all times"
	}
}

// askProgram runs the program so that it describes itself.
func (p *plugin) askProgram(ctx context.Context) (d wire.Description, err error) {
	how, err := p.confine(core.Permissions{})
	if err != nil {
		return d, err
	}
	defer how.remove()
	program, err := openExecutable(p.program)
	if err != nil {
		return d, err
	}
	defer program.close()
	printed := bounded.NewBuffer(maxDescription, nil)
	cmd := program.command(append(p.argv[:len(p.argv):len(p.argv)], "describe"))
	cmd.Stdout = printed
	said := newPluginLog(p.log)
	stderr := &lineWriter{f: said.structured}
	cmd.Stderr = stderr
	cmd.WaitDelay = drainTimeout
	if err := how.hold(cmd); err != nil {
		return d, err
	}
	err = runSession(ctx, cmd, p.options.Limits.Memory)
	stderr.flush()
	switch {
	case printed.Exceeded():
		err = fmt.Errorf("the plugin printed more than %s", phrase.Bytes(maxDescription))
	case err == nil:
		err = json.Unmarshal(printed.Bytes(), &d)
	}
	if err != nil {
		return d, withLines(core.Errorf(core.ErrorProtocol, "%w", err), said.lastLines())
	}
	return d, nil
}

// runSession runs a command to its end, and ends all processes that it has
// started. memory is their limit in bytes.
func runSession(ctx context.Context, cmd *exec.Cmd, memory int64) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ctx, stopFor := context.WithCancelCause(ctx)
	defer stopFor(nil)
	session.Lead(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { session.Kill(cmd.Process.Pid) })
	defer stop()
	var watching sync.WaitGroup
	over := make(chan struct{})
	watching.Go(func() {
		watchMemory(cmd.Process.Pid, memory, over, func(reason string) { stopFor(fmt.Errorf("the plugin %s", reason)) })
	})
	session.Wait(cmd)
	close(over)
	watching.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("the plugin ended with %s", cmd.ProcessState)
	}
	return nil
}
