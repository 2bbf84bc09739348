package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	// closeTimeout is the time limit for closing an instance.
	closeTimeout = 5 * time.Second
	// reopenTimeout is the time limit for restarting a plugin and opening an
	// instance in it. It is long because a component may load a model.
	reopenTimeout = 2 * time.Minute
)

// instance is an opened component. It outlives the process in which it was
// opened: in the next process, it is opened again with the same configuration.
type instance struct {
	plugin  *plugin
	info    core.Info
	use     string // its name in the campaign
	config  []byte
	targets core.Targets

	mu      sync.Mutex
	current *future[opened]
	closed  bool
}

// opened is an instance in one process.
type opened struct {
	process *process
	id      string
	// grant are the campaign's targets that it may use.
	grant *modelGrant
}

func (p *process) open(ctx context.Context, info core.Info, config []byte, targets core.Targets) (opened, error) {
	kind, err := wire.EncodeKind(info.Kind)
	if err != nil {
		return opened{}, err
	}
	grant, err := p.models.admit(p.modelsOf(info, config), targets)
	if err != nil {
		return opened{}, err
	}
	response, err := pb.NewPluginServiceClient(p.conn).Open(ctx, grant.open(&pb.OpenRequest{Kind: kind, Name: info.Name, Config: config}))
	if err != nil {
		return opened{}, p.failure(ctx, err)
	}
	return opened{process: p, id: response.GetInstance(), grant: grant}, nil
}

// modelsOf returns the targets that a component's configuration names.
func (p *process) modelsOf(info core.Info, config []byte) []string {
	var s *schema.Schema
	for _, c := range p.components {
		if c.Info.Kind == info.Kind && c.Info.Name == info.Name {
			s = c.Schema
		}
	}
	var names []string
	if s != nil {
		for _, field := range s.Targets(config) {
			names = append(names, field.Value)
		}
	}
	return names
}

// acquire returns the instance in the running process, and opens it there if
// necessary; concurrent callers share that.
func (i *instance) acquire(ctx context.Context) (opened, error) {
	opening, err := i.opening()
	if err != nil {
		return opened{}, err
	}
	o, err := opening.wait(ctx)
	if err != nil && !opening.isDone() {
		return opened{}, fmt.Errorf("opening %s %q again: %w", i.info.Kind, i.use, err)
	}
	return o, err
}

func (i *instance) opening() (*future[opened], error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, core.Errorf(core.ErrorProtocol, "%s %q is closed", i.info.Kind, i.use)
	}
	if c := i.current; c.isDone() && (c.err != nil || c.value.process.run.ended()) {
		i.current = async(i.reopen)
	}
	return i.current, nil
}

// reopen opens the instance in the present process.
func (i *instance) reopen() (opened, error) {
	ctx, cancel := context.WithTimeoutCause(i.plugin.closed, reopenTimeout,
		core.Errorf(core.ErrorTimeout, "the component was not open within %v", reopenTimeout))
	defer cancel()
	o, err := i.reopenIn(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return opened{}, fmt.Errorf("opening %s %q again: %w", i.info.Kind, i.use, err)
	}
	return o, nil
}

func (i *instance) reopenIn(ctx context.Context) (opened, error) {
	process, err := i.plugin.connect(ctx)
	if err != nil {
		return opened{}, err
	}
	if _, ok := process.find(i.info.Kind, i.info.Name); !ok {
		return opened{}, core.Errorf(core.ErrorConfig, "plugin %q does not offer it any more", i.plugin.name)
	}
	return process.open(ctx, i.info, i.config, i.targets)
}

// call makes a call without side effects, and repeats it once if the process
// has died meanwhile. The component's own errors are returned at once.
func (i *instance) call(ctx context.Context, f func(opened) error) error {
	first := i.callOnce(ctx, f)
	if _, died := errors.AsType[*crash](first); !died {
		return first
	}
	err := i.callOnce(ctx, f)
	if err != nil && ctx.Err() != nil {
		return first // it says more than the timeout
	}
	return err
}

func (i *instance) callOnce(ctx context.Context, f func(opened) error) error {
	o, err := i.acquire(ctx)
	if err != nil {
		return err
	}
	return f(o)
}

func (p *process) checkConfig(ctx context.Context, info core.Info, config []byte) (core.Checked, error) {
	kind, err := wire.EncodeKind(info.Kind)
	if err != nil {
		return core.Checked{}, err
	}
	checked, err := pb.NewPluginServiceClient(p.conn).CheckConfig(ctx, &pb.CheckConfigRequest{Kind: kind, Name: info.Name, Config: config})
	if wire.DecodeError(err) == nil && status.Code(err) == codes.Unimplemented {
		return core.Checked{}, nil // without the call's details
	}
	if err == nil {
		return core.Checked{Restrictions: wire.DecodeRestrictions(checked.GetRestrictions()), Warnings: wire.DecodeWarnings(checked.GetWarnings())}, nil
	}
	err = p.failure(ctx, err)
	if _, several := errors.AsType[core.Errors](err); several {
		return core.Checked{}, err
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Kind == core.ErrorConfig {
		return core.Checked{}, core.Errors{e}
	}
	return core.Checked{}, err
}

// Close closes the instance. It may be called more than once.
func (i *instance) Close() error {
	i.mu.Lock()
	first := !i.closed
	i.closed = true
	i.mu.Unlock()
	if !first {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	o, err := i.current.wait(ctx)
	if err != nil || o.process.run.ended() {
		return nil // it is not open
	}
	_, err = pb.NewPluginServiceClient(o.process.conn).Close(ctx, &pb.CloseRequest{Instance: o.id})
	return unlessDead(o.process.failure(ctx, err))
}
