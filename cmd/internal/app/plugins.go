package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// hostFlags are the flags of every command that starts plugins.
type hostFlags struct {
	dirs     []string
	logLevel string
	confinementFlags
}

func (f *hostFlags) register(cmd *cobra.Command) {
	f.registerSearch(cmd)
	f.confinementFlags.register(cmd)
}

// registerSearch registers the flags of a command that starts no plugin.
func (f *hostFlags) registerSearch(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "plugin-dir", nil, "`folder` with third-party plugins; may be repeated")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "warn", "what to log: trace, debug, info, warn or error")
	completeFlag(cmd, "log-level", "trace", "debug", "info", "warn", "error")
}

// log returns a log that is written to w.
func (f *hostFlags) log(w io.Writer) (hclog.Logger, error) {
	level := hclog.LevelFromString(f.logLevel)
	if level == hclog.NoLevel {
		return nil, usagef("--log-level %q is not trace, debug, info, warn or error", f.logLevel)
	}
	return hclog.New(&hclog.LoggerOptions{Name: "orchestrator", Level: level, Output: w}), nil
}

// discover lists the third-party plugins that there are.
func (f *hostFlags) discover(env Env, w io.Writer) ([]host.Program, error) {
	log, err := f.log(w)
	if err != nil {
		return nil, err
	}
	if err := checkFolders(f.dirs); err != nil {
		return nil, err
	}
	return host.Discover(f.search(env), log), nil
}

// with starts the bundled plugin and some programs, asks them what they offer,
// calls do with a host that logs to w, and stops them again.
func (f *hostFlags) with(ctx context.Context, env Env, w io.Writer, programs []host.Program, do func(*host.Host, *host.Catalog) error) error {
	return f.withEgress(ctx, env, w, programs, surroundings{way: egress.New(egress.Options{})}, do)
}

// surroundings are what a host's plugins have around them.
type surroundings struct {
	// way is how they reach the network.
	way *egress.Proxy
	// watch follows them; nil does not.
	watch *watch
}

// withEgress does the same with plugins in other surroundings, of which it closes
// the way.
func (f *hostFlags) withEgress(ctx context.Context, env Env, w io.Writer, programs []host.Program, around surroundings, do func(*host.Host, *host.Catalog) error) (err error) {
	defer func() { err = errors.Join(err, around.way.Close()) }()
	log, err := f.log(w)
	if err != nil {
		return err
	}
	attached, err := attachments(env)
	if err != nil {
		return err
	}
	warnOfAttached(w, attached)
	h := host.New(host.Options{
		Bundled: []string{env.Executable, pluginServe}, Programs: programs, Attach: attached, Log: log,
		Confinement: f.confinement(env, around.way), Observe: around.watch.processes(), Spans: around.watch.spans(),
	})
	defer func() { err = errors.Join(err, h.Close()) }()
	catalog, err := h.Describe(ctx)
	if err != nil {
		return fmt.Errorf("asking the plugins what they offer: %w", err)
	}
	if err := f.checkExempt(catalog); err != nil {
		return err
	}
	return do(h, catalog)
}

// use does the same with every plugin that there is, and warns of those that
// cannot be used.
func (f *hostFlags) use(ctx context.Context, env Env, w io.Writer, do func(*host.Host, *host.Catalog) error) error {
	found, err := f.discover(env, w)
	if err != nil {
		return err
	}
	return f.with(ctx, env, w, install.Newest(found), func(h *host.Host, c *host.Catalog) error {
		for _, p := range c.Plugins() {
			if p.Err == nil {
				continue
			}
			printLines(w, "warning", fmt.Sprintf("plugin %q cannot be used: %v", p.Name, p.Err))
			if hint := core.HintOf(p.Err); hint != "" {
				printLines(w, "hint", hint)
			}
		}
		return do(h, c)
	})
}

// describer starts one program and asks it what it is. It is here that a program
// runs for the first time, when nothing is known of it but its checksum.
func (f *confinementFlags) describer(env Env) func(context.Context, host.Program) (host.Plugin, error) {
	return func(ctx context.Context, p host.Program) (d host.Plugin, err error) {
		way := egress.New(egress.Options{})
		defer func() { err = errors.Join(err, way.Close()) }()
		h := host.New(host.Options{Programs: []host.Program{p}, Confinement: f.confinement(env, way)})
		defer func() { err = errors.Join(err, h.Close()) }()
		catalog, err := h.Describe(ctx)
		if err != nil {
			return host.Plugin{}, err
		}
		d = catalog.Plugins()[0]
		return d, d.Err
	}
}

// attachments returns the plugins that the user has started by hand.
func attachments(env Env) (host.Attachments, error) {
	value, _ := env.LookupEnv(host.EnvAttach)
	return host.ParseAttachments(value)
}

// warnOfAttached warns of each, whatever is logged: nobody must take such a run
// for one of verified programs.
func warnOfAttached(w io.Writer, attached host.Attachments) {
	for _, name := range slices.Sorted(maps.Keys(attached)) {
		fmt.Fprintf(w, "orchestrator: warning: plugin %s is attached from a process that you started: unverified, not sandboxed (%s)\n", name, host.EnvAttach)
	}
}

// search lists where third-party plugins are looked for, first match first.
// It never contains the current folder or PATH: a cloned campaign must not be
// able to bring a program along.
func (f *hostFlags) search(env Env) []string {
	dirs := append([]string(nil), f.dirs...)
	if list, ok := env.LookupEnv("ORCHESTRATOR_PLUGIN_DIR"); ok {
		for _, dir := range filepath.SplitList(list) {
			if dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	if env.DataDir != "" {
		dirs = append(dirs, installDir(env))
	}
	return dirs
}

// installDir is where plugins are installed.
func installDir(env Env) string { return filepath.Join(env.DataDir, "plugins") }
