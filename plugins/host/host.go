package host

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Options says which plugins there are.
type Options struct {
	// Bundled is the command line of the program that serves the components
	// which campaigns use by their bare names. It may be empty.
	Bundled []string
	// Dirs are searched for third-party plugins: programs that are called
	// orchestrator-plugin-NAME. The first folder that has a name wins. No
	// other place is searched: not PATH, and not the working directory.
	Dirs []string
	// Hashes are the SHA-256 sums, in hexadecimal, that third-party plugins
	// must have, by plugin name. A plugin without an entry is not checked.
	Hashes map[string]string
	// Attach are plugins that run already. They take the place of those of the
	// same names.
	Attach Attachments
	// Started is told of each process that was started; nil is not.
	Started func(plugin string, pid int)
	// Log receives what plugins log and print; nil drops it.
	Log hclog.Logger
	// StartTimeout is how long a plugin may take to start; 0 means 30 s.
	StartTimeout time.Duration
}

// Host runs plugins. Its methods may be called concurrently.
type Host struct {
	options Options
	// lookAround finds the plugins, once.
	lookAround func() found
	closeOnce  sync.Once
	closed     context.Context
	close      context.CancelCauseFunc
}

// found is what there is: bundled may be nil.
type found struct {
	bundled *plugin
	third   []*plugin
}

func (f found) all() []*plugin {
	if f.bundled == nil {
		return f.third
	}
	return append([]*plugin{f.bundled}, f.third...)
}

// New returns a host. It starts nothing yet.
func New(o Options) *Host {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 30 * time.Second
	}
	h := &Host{options: o}
	h.closed, h.close = context.WithCancelCause(context.Background())
	h.lookAround = sync.OnceValue(h.look)
	return h
}

func (h *Host) look() found {
	var f found
	if len(h.options.Bundled) > 0 {
		f.bundled = newPlugin(h.closed, h.options, program{name: bundledName, argv: h.options.Bundled})
	}
	for name, a := range h.options.Attach {
		p := newPlugin(h.closed, h.options, program{name: name, third: name != bundledName, attach: &a})
		if p.bundled() {
			f.bundled = p
		} else {
			f.third = append(f.third, p)
		}
	}
	for _, p := range discover(h.options.Dirs, h.options.Log) {
		if _, runs := h.options.Attach[p.name]; runs {
			continue
		}
		p.hash = h.options.Hashes[p.name]
		f.third = append(f.third, newPlugin(h.closed, h.options, p))
	}
	return f
}

// Close stops all plugins, side by side: politely, and after two seconds with
// SIGKILL to each process group. It may be called more than once.
func (h *Host) Close() error {
	h.closeOnce.Do(func() {
		h.close(core.Errorf(core.KindUnavailable, "the plugins are stopped"))
		var stopping sync.WaitGroup
		for _, p := range h.lookAround().all() {
			stopping.Go(p.stop)
		}
		stopping.Wait()
	})
	return nil
}

// OpenTarget opens a target with its configuration, a JSON object.
func (h *Host) OpenTarget(ctx context.Context, use string, config []byte) (core.Target, error) {
	i, err := h.open(ctx, core.KindTarget, use, config)
	if err != nil {
		return nil, err
	}
	return &target{i}, nil
}

// OpenConverter opens a converter with its configuration, a JSON object.
func (h *Host) OpenConverter(ctx context.Context, use string, config []byte) (core.Converter, error) {
	i, err := h.open(ctx, core.KindConverter, use, config)
	if err != nil {
		return nil, err
	}
	return &converter{i}, nil
}

// OpenScorer opens a scorer with its configuration, a JSON object.
func (h *Host) OpenScorer(ctx context.Context, use string, config []byte) (core.Scorer, error) {
	i, err := h.open(ctx, core.KindScorer, use, config)
	if err != nil {
		return nil, err
	}
	return &scorer{i}, nil
}

// CheckConfig asks a component about its configuration, a JSON object, without
// opening it. It returns core.Errors where the configuration is wrong, and any
// other error where it could not ask. A plugin that does not answer such
// questions has nothing to say against it.
func (h *Host) CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) error {
	process, component, err := h.find(ctx, kind, use)
	if err != nil {
		return err
	}
	return process.checkConfig(ctx, component, config)
}

func (h *Host) open(ctx context.Context, kind core.Kind, use string, config []byte) (*instance, error) {
	process, component, err := h.find(ctx, kind, use)
	if err != nil {
		return nil, err
	}
	return process.open(ctx, component, use, config)
}

// find returns the running plugin that offers a component, and the component's
// name within it. A bundled component goes before a third party's.
func (h *Host) find(ctx context.Context, kind core.Kind, use string) (*process, core.Info, error) {
	plugins := h.lookAround()
	if plugins.bundled != nil {
		process, err := plugins.bundled.connect(ctx)
		if err != nil {
			return nil, core.Info{}, err
		}
		if c, ok := process.find(kind, use); ok {
			return process, c, nil
		}
	}
	prefix, name, _ := strings.Cut(use, "/")
	for _, p := range plugins.third {
		if p.name != prefix {
			continue
		}
		process, err := p.connect(ctx)
		if err != nil {
			return nil, core.Info{}, err
		}
		if c, ok := process.find(kind, name); ok {
			return process, c, nil
		}
		return nil, core.Info{}, core.Errorf(core.KindConfig, "plugin %q offers no %s %q", prefix, kind, name)
	}
	return nil, core.Info{}, core.Errorf(core.KindConfig, "no plugin offers a %s %q", kind, use).
		WithHint("%s", h.whereFrom())
}

func (h *Host) whereFrom() string {
	if len(h.options.Dirs) == 0 {
		return "no folders with third-party plugins are given"
	}
	return fmt.Sprintf("third-party plugins are looked for in %s", strings.Join(h.options.Dirs, ", "))
}
