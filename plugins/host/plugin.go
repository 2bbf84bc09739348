package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// plugin is a plugin that may run: at most one process of it does at a time.
type plugin struct {
	program
	log          hclog.Logger
	startTimeout time.Duration
	started      func(plugin string, pid int)
	closed       context.Context // done when the host is closed

	mu      sync.Mutex
	current *launch
	// checksum hashes the program, once.
	checksum func() (string, error)
}

// launch is an attempt to start a process. What it led to may be read when
// done is closed.
type launch struct {
	done    chan struct{}
	process *process
	err     error
}

func newPlugin(closed context.Context, o Options, p program) *plugin {
	return &plugin{
		program:      p,
		log:          o.Log,
		startTimeout: o.StartTimeout,
		started:      o.Started,
		closed:       closed,
		checksum:     sync.OnceValues(p.hashed),
	}
}

// path is the program; the socket of one that runs already.
func (p program) path() string {
	if p.attach != nil {
		return p.attach.Socket
	}
	return p.argv[0]
}

func (p program) bundled() bool { return !p.third }

// connect returns the running process. It starts one if there is none, or if
// the last has died or could not be started. Concurrent callers share a start;
// a caller that gives up leaves it to the others.
func (p *plugin) connect(ctx context.Context) (*process, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("starting plugin %q: %w", p.name, ctx.Err())
	}
	l, err := p.launch()
	if err != nil {
		return nil, err
	}
	select {
	case <-l.done:
		return l.process, l.err
	case <-ctx.Done():
		return nil, fmt.Errorf("starting plugin %q: %w", p.name, ctx.Err())
	}
}

func (p *plugin) launch() (*launch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Err() != nil {
		return nil, fmt.Errorf("plugin %q: %w", p.name, context.Cause(p.closed))
	}
	if p.current != nil && !p.current.spent() {
		return p.current, nil
	}
	l := &launch{done: make(chan struct{})}
	p.current = l
	go func() {
		defer close(l.done)
		l.process, l.err = p.start()
	}()
	return l, nil
}

// spent reports whether another start is needed.
func (l *launch) spent() bool {
	select {
	case <-l.done:
		return l.err != nil || l.process.run.ended()
	default:
		return false
	}
}

// start starts a process, and gives up when it takes too long or the host is
// closed.
func (p *plugin) start() (*process, error) {
	ctx, cancel := context.WithTimeoutCause(p.closed, p.startTimeout,
		core.Errorf(core.KindTimeout, "it did not answer within %v", p.startTimeout))
	defer cancel()
	log := p.log
	if log.Name() != p.name { // the bundled plugin is the program itself
		log = log.Named(p.name)
	}
	process, err := startProcess(ctx, p.program, p.verify, log)
	switch {
	case err != nil && p.attach != nil:
		return nil, fmt.Errorf("attaching to plugin %q (%s): %w", p.name, p.path(), err)
	case err != nil:
		return nil, fmt.Errorf("starting plugin %q (%s): %w", p.name, p.path(), err)
	}
	if pid, err := strconv.Atoi(process.run.ID()); err == nil && p.started != nil {
		p.started(p.name, pid)
	}
	return process, nil
}

// verify looks at a third party's program right before it is started.
func (p *plugin) verify() error {
	if p.bundled() {
		return nil
	}
	if err := trusted(p.path()); err != nil {
		return err
	}
	if p.hash == "" {
		return nil
	}
	want, err := hex.DecodeString(p.hash)
	if err != nil || len(want) != sha256.Size {
		return core.Errorf(core.KindConfig, "%q is not a SHA-256 sum in hexadecimal", p.hash)
	}
	// A SecureConfig keeps the state of its hash, so it serves one start only.
	check := goplugin.SecureConfig{Checksum: want, Hash: sha256.New()}
	switch ok, err := check.Check(p.path()); {
	case err != nil:
		return fmt.Errorf("checking the program: %w", err)
	case !ok:
		return core.Errorf(core.KindConfig, "its program is not the one that was locked: its SHA-256 is not %s", p.hash).
			WithHint("if it was updated on purpose, lock the new version")
	}
	return nil
}

// stop ends the process, if there is one. The host is closed by now, so there
// is no new one.
func (p *plugin) stop() {
	p.mu.Lock()
	l := p.current
	p.mu.Unlock()
	if l == nil {
		return
	}
	<-l.done
	if l.err == nil {
		l.process.stop()
	}
}
