package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxRestarts is how often a plugin is started again after it has died.
const maxRestarts = 3

// plugin is a plugin with at most one running process.
type plugin struct {
	program
	options Options
	log     hclog.Logger
	closed  context.Context // ends when the host is closed

	mu      sync.Mutex
	current *future[*process]
	// deaths counts the processes that died and the restarts that failed since
	// the last proven process.
	deaths int
	pause  *backoff.ExponentialBackOff
	// declared are the permissions that the plugin declares, once known;
	// granted those added by the user.
	declared *core.Permissions
	granted  core.Permissions
}

func newPlugin(closed context.Context, o Options, p program) *plugin {
	log := o.Log
	if log.Name() != p.name { // the bundled plugin is this program
		log = log.Named(p.name)
	}
	o.Limits = p.limits.or(o.Limits)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier = o.RestartPause, 4
	pause.Reset()
	return &plugin{
		program: p,
		options: o,
		log:     log,
		closed:  closed,
		pause:   pause,
	}
}

// path is the program, or the socket of an attached plugin.
func (p program) path() string {
	if p.attach != nil {
		return p.attach.Socket
	}
	return p.argv[0]
}

func (p program) bundled() bool { return p.origin == bundled }

// own reports whether campaigns use the components without the plugin's name.
func (p program) own() bool { return p.origin != third }

// connect returns the running process. It starts one if there is none, or if
// the last has died or could not be started. Concurrent callers share a start;
// it goes on if a caller gives up.
func (p *plugin) connect(ctx context.Context) (*process, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("starting plugin %q: %w", p.name, ctx.Err())
	}
	launch, err := p.launch()
	if err != nil {
		return nil, err
	}
	process, err := launch.wait(ctx)
	if ctx.Err() != nil && !launch.isDone() {
		return nil, fmt.Errorf("starting plugin %q: %w", p.name, ctx.Err())
	}
	return process, err
}

func (p *plugin) launch() (*future[*process], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Err() != nil {
		return nil, fmt.Errorf("plugin %q: %w", p.name, context.Cause(p.closed))
	}
	if p.current != nil && !spent(p.current) {
		return p.current, nil
	}
	if p.deaths > maxRestarts {
		return nil, p.givenUp()
	}
	if p.proven() {
		p.deaths = 0
		p.pause.Reset()
	}
	if p.current != nil && (p.current.err == nil || p.deaths > 0) {
		if p.deaths++; p.deaths > maxRestarts {
			return nil, p.givenUp()
		}
	}
	start := p.start
	if p.deaths > 0 {
		start = p.restartAfter(p.current, p.deaths, p.pause.NextBackOff())
	}
	p.current = async(start)
	return p.current, nil
}

// spent reports whether another start is needed.
func spent(launch *future[*process]) bool {
	return launch.isDone() && (launch.err != nil || launch.value.run.ended())
}

// proven reports whether the process that died had lived for ProvenAfter.
func (p *plugin) proven() bool {
	return p.current != nil && p.current.err == nil && time.Since(p.current.value.began) >= p.options.ProvenAfter
}

// givenUp explains why there is no process and will be none. The cause is a bug
// of the plugin, so that the error does not suggest to wait.
func (p *plugin) givenUp() error {
	last := p.current.err
	if last == nil {
		last = p.current.value.died()
	}
	return core.Errorf(core.ErrorInternal, "plugin %q died %d times; %w: %s", p.name, p.deaths, core.ErrGone, last)
}

// restartAfter returns a start that comes after a pause. The end of the last
// process is reported first.
func (p *plugin) restartAfter(last *future[*process], deaths int, pause time.Duration) func() (*process, error) {
	return func() (*process, error) {
		if last.err == nil {
			last.value.tellEnd()
		}
		p.options.observe(Event{Plugin: p.name, Kind: Restarting, Deaths: deaths})
		p.log.Warn("plugin is started again", "deaths", deaths, "at_most", maxRestarts, "after", pause)
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
			return p.start()
		case <-p.closed.Done():
			return nil, fmt.Errorf("plugin %q: %w", p.name, context.Cause(p.closed))
		}
	}
}

// start starts a process. It fails on the start timeout and when the host is
// closed.
func (p *plugin) start() (*process, error) {
	ctx, cancel := context.WithTimeoutCause(p.closed, p.options.StartTimeout,
		core.Errorf(core.ErrorTimeout, "the plugin did not answer within %v", p.options.StartTimeout))
	defer cancel()
	process, err := p.startConfined(ctx)
	switch {
	case err != nil && p.attach != nil:
		return nil, fmt.Errorf("attaching to plugin %q (%s): %w", p.name, p.path(), err)
	case err != nil:
		return nil, fmt.Errorf("starting plugin %q (%s): %w", p.name, p.path(), err)
	}
	return process, nil
}

// stop ends the process, if there is one. The host is closed by now, so that no
// other one starts.
func (p *plugin) stop() {
	p.mu.Lock()
	launch := p.current
	p.mu.Unlock()
	if launch == nil {
		return
	}
	<-launch.done
	if launch.err == nil {
		launch.value.stop()
	}
}
