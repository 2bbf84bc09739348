package host

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Options configure a host.
type Options struct {
	// Bundled is the command line of the program with the components that
	// campaigns use without a plugin's name. It may be empty.
	Bundled []string
	// Programs are the companions and the third-party plugins, the latter as
	// [Discover] finds them. Of several with one name, the first is used. No
	// other program is started as a plugin.
	Programs []Program
	// Attach are running plugins. They replace those of the same names.
	Attach Attachments
	// Observe is called with events of plugins' processes, for each plugin in
	// order; it may be nil. It is called from many goroutines, has to be quick,
	// and must not use the host.
	Observe func(Event)
	// Spans, if set, has trace context sent with calls to plugins, and is
	// called with the spans that end in them, as OTLP's TracesData. Their
	// content is not verified. It must not block.
	Spans func(plugin string, otlp []byte)
	// Log receives the log and output of plugins; nil drops them.
	Log hclog.Logger
	// StartTimeout is how long a plugin may take to start; 0 means 30 s.
	StartTimeout time.Duration
	// RestartPause is the pause before a plugin that has died is started again,
	// with a jitter of half of it; 0 means 250 ms. Each further death
	// quadruples it. A plugin that dies for the fourth time is not started
	// again.
	RestartPause time.Duration
	// ProvenAfter is how long a process has to live until the deaths before it
	// no longer count, so that the fourth crash in days does not end a run. 0
	// means 10 s.
	ProvenAfter time.Duration
	// HeartbeatEvery is the interval of heartbeats; 0 means 5 s. A plugin that
	// leaves all heartbeats of HeartbeatTimeout unanswered is killed, and
	// counts as dead; 0 means 15 s.
	HeartbeatEvery, HeartbeatTimeout time.Duration
	// Limits apply to each plugin that has none of its own.
	Limits Limits
	// Confinement are the restrictions of the plugins' processes.
	Confinement Confinement
}

// Host runs plugins. It is safe for concurrent use.
type Host struct {
	options Options
	// findPlugins finds the plugins, once.
	findPlugins func() found
	closeOnce   sync.Once
	closed      context.Context
	close       context.CancelCauseFunc
}

// found are the plugins. own are the bundled one, if there is one, and the
// companions.
type found struct {
	own, third []*plugin
}

func (f found) all() []*plugin { return slices.Concat(f.own, f.third) }

// New returns a host. It does not start any process.
func New(o Options) *Host {
	h := &Host{options: o.withDefaults()}
	h.closed, h.close = context.WithCancelCause(context.Background())
	h.findPlugins = sync.OnceValue(h.newPlugins)
	return h
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	o.StartTimeout = cmp.Or(o.StartTimeout, 30*time.Second)
	o.RestartPause = cmp.Or(o.RestartPause, 250*time.Millisecond)
	o.ProvenAfter = cmp.Or(o.ProvenAfter, 10*time.Second)
	o.HeartbeatEvery = cmp.Or(o.HeartbeatEvery, 5*time.Second)
	o.HeartbeatTimeout = cmp.Or(o.HeartbeatTimeout, 15*time.Second)
	o.Limits = o.Limits.withDefaults()
	return o
}

func (h *Host) newPlugins() found {
	Leftovers(h.closed, true)
	var f found
	for _, p := range h.programs() {
		made := newPlugin(h.closed, h.options, p)
		if p.own() {
			f.own = append(f.own, made)
		} else {
			f.third = append(f.third, made)
		}
	}
	return f
}

// programs are those of the options, the first of each name: the bundled one, the
// companions, and those of third parties. One that is attached replaces the program of its
// name.
func (h *Host) programs() []program {
	var all []program
	indexOf := func(name string) int {
		return slices.IndexFunc(all, func(p program) bool { return p.name == name })
	}
	if len(h.options.Bundled) > 0 {
		all = append(all, program{name: bundledName, argv: h.options.Bundled, origin: bundled})
	}
	for _, from := range []origin{companion, third} {
		for _, p := range h.options.Programs {
			if p.origin() == from && indexOf(p.Name) < 0 {
				all = append(all, program{name: p.Name, argv: []string{p.Path}, origin: from, hash: p.SHA256, locked: p.Permissions, limits: p.Limits})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.options.Attach)) {
		a := h.options.Attach[name]
		switch i := indexOf(name); {
		case i >= 0:
			all[i] = program{name: name, origin: all[i].origin, attach: &a}
		case name == bundledName:
			all = slices.Insert(all, 0, program{name: name, origin: bundled, attach: &a})
		default:
			all = append(all, program{name: name, origin: third, attach: &a})
		}
	}
	return all
}

// Close stops all plugins, in parallel: by request, and after two seconds with
// SIGKILL to each process group. It may be called more than once.
func (h *Host) Close() error {
	h.closeOnce.Do(func() {
		h.close(core.Errorf(core.ErrorUnavailable, "the plugins are stopped"))
		var stopping sync.WaitGroup
		for _, p := range h.findPlugins().all() {
			stopping.Go(p.stop)
		}
		stopping.Wait()
	})
	return nil
}

// CheckConfig has a component check its configuration, a JSON object, without
// opening it. It returns what the component's description says and does not hold with
// that configuration. It fails with core.Errors where the configuration is invalid,
// and with any other error where the check was not possible. A plugin without this
// call accepts every configuration, and restricts none.
func (h *Host) CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) (core.Checked, error) {
	_, process, component, err := h.find(ctx, kind, use)
	if err != nil {
		return core.Checked{}, err
	}
	return process.checkConfig(ctx, component, config)
}

func (h *Host) open(ctx context.Context, kind core.Kind, use string, config []byte, targets core.Targets) (*instance, error) {
	plugin, process, component, err := h.find(ctx, kind, use)
	if err != nil {
		return nil, err
	}
	first, err := process.open(ctx, component, config, targets)
	if err != nil {
		return nil, err
	}
	return &instance{plugin: plugin, info: component, use: use, config: slices.Clone(config), targets: targets, current: resolved(first)}, nil
}

// find returns the plugin of a component, its running process, and the
// component's name within it. A bundled component takes precedence over a
// companion's, and this one over a third party's.
func (h *Host) find(ctx context.Context, kind core.Kind, use string) (*plugin, *process, core.Info, error) {
	plugins := h.findPlugins()
	for _, p := range plugins.own {
		process, err := p.connect(ctx)
		if err != nil {
			return nil, nil, core.Info{}, err
		}
		if c, ok := process.find(kind, use); ok {
			return p, process, c, nil
		}
	}
	prefix, name, _ := strings.Cut(use, "/")
	for _, p := range plugins.third {
		if p.name != prefix {
			continue
		}
		process, err := p.connect(ctx)
		if err != nil {
			return nil, nil, core.Info{}, err
		}
		if c, ok := process.find(kind, name); ok {
			return p, process, c, nil
		}
		return nil, nil, core.Info{}, core.Errorf(core.ErrorConfig, "plugin %q offers no %s %q", prefix, kind, name)
	}
	return nil, nil, core.Info{}, core.Errorf(core.ErrorConfig, "no plugin offers a %s %q", kind, use).
		WithHint("%s", h.whereFrom())
}

func (h *Host) whereFrom() string {
	var paths []string
	for _, p := range h.options.Programs {
		if !p.Companion {
			paths = append(paths, p.Path)
		}
	}
	if len(paths) == 0 {
		return "there are no third-party plugins"
	}
	return fmt.Sprintf("the third-party plugins are %s", strings.Join(paths, ", "))
}
