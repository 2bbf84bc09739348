package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// hostFlags are the flags of every command that starts plugins.
type hostFlags struct {
	dirs     []string
	logLevel string
}

func (f *hostFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "plugin-dir", nil, "`folder` with third-party plugins; may be repeated")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "warn", "what to log: trace, debug, info, warn or error")
	completeFlag(cmd, "log-level", "trace", "debug", "info", "warn", "error")
}

// open returns a host that logs to w. It starts nothing yet.
func (f *hostFlags) open(env Env, w io.Writer) (*host.Host, error) {
	level := hclog.LevelFromString(f.logLevel)
	if level == hclog.NoLevel {
		return nil, usagef("--log-level %q is not trace, debug, info, warn or error", f.logLevel)
	}
	if err := checkFolders(f.dirs); err != nil {
		return nil, err
	}
	attach, err := attachments(env, w)
	if err != nil {
		return nil, err
	}
	return host.New(host.Options{
		Bundled: []string{env.Executable, pluginServe},
		Dirs:    f.search(env),
		Attach:  attach,
		Log:     hclog.New(&hclog.LoggerOptions{Name: "orchestrator", Level: level, Output: w}),
	}), nil
}

// attachments returns the plugins that the user has started by hand, and warns
// of each, whatever is logged: nobody must take such a run for one of verified
// programs.
func attachments(env Env, w io.Writer) (host.Attachments, error) {
	value, _ := env.LookupEnv(host.EnvAttach)
	attach, err := host.ParseAttachments(value)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(attach)) {
		fmt.Fprintf(w, "orchestrator: warning: plugin %s is attached from a process that you started: unverified, not sandboxed (%s)\n", name, host.EnvAttach)
	}
	return attach, nil
}

// versionOf returns a plugin's version, and says so where nobody can know what
// really ran.
func versionOf(p host.Plugin) string {
	if p.Attached {
		return p.Version + " (attached, unverified)"
	}
	return p.Version
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
		dirs = append(dirs, filepath.Join(env.DataDir, "plugins"))
	}
	return dirs
}

func newPluginsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugins",
		Short: "Show the plugins and the components that they offer",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPluginsListCommand(env), newPluginsDescribeCommand(env), newPluginsTestCommand(env), newPluginsNewCommand(env))
	return cmd
}

func newPluginsListCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every component that a campaign can use",
		Args:  takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.use(cmd.Context(), env, env.Stderr, func(_ *host.Host, c *host.Catalog) error {
				return listComponents(env.Stdout, c)
			})
		},
	}
	flags.register(cmd)
	return cmd
}

func listComponents(w io.Writer, catalog *host.Catalog) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "USE\tKIND\tTAKES\tGIVES\tPLUGIN\tWHAT IT DOES")
	for _, p := range catalog.Plugins() {
		for _, c := range p.Components {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s %s\t%s\n", c.Info.Name, c.Info.Kind,
				joinModalities(c.Info.In), joinModalities(c.Info.Out), p.Name, versionOf(p), c.Info.Summary)
		}
	}
	return t.Flush()
}

func newPluginsDescribeCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "describe COMPONENT",
		Short: "Show one component: what it does and the schema of its with: block",
		Args:  takes(1, 1, "one component"),

		ValidArgsFunction: completeComponents(env, &flags),
		RunE: func(cmd *cobra.Command, given []string) error {
			return flags.use(cmd.Context(), env, env.Stderr, func(_ *host.Host, c *host.Catalog) error {
				return describeComponent(env.Stdout, c, given[0])
			})
		},
	}
	flags.register(cmd)
	return cmd
}

func describeComponent(w io.Writer, catalog *host.Catalog, name string) error {
	found := false
	for _, kind := range core.Kinds() {
		info, config, ok := catalog.Lookup(kind, name)
		if !ok {
			continue
		}
		found = true
		schema, err := json.MarshalIndent(config, "", "  ")
		if err != nil {
			return fmt.Errorf("encoding the schema of %s: %w", name, err)
		}
		fmt.Fprintf(w, "%s (%s)\n%s\n", info.Name, kind, info.Summary)
		if info.Description != "" {
			fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(info.Description))
		}
		fmt.Fprintf(w, "\ntakes: %s\ngives: %s\n", joinModalities(info.In), joinModalities(info.Out))
		if len(info.Capabilities) > 0 {
			fmt.Fprintf(w, "can:   %s\n", strings.Join(info.Capabilities, ", "))
		}
		fmt.Fprintf(w, "\nwith:\n%s\n", schema)
	}
	if !found {
		return usagef("no plugin offers a component %q", name).
			withHint("orchestrator plugins list shows all").suggesting(name, componentNames(catalog))
	}
	return nil
}

func joinModalities(ms []core.Modality) string {
	if len(ms) == 0 {
		return "-"
	}
	names := make([]string, len(ms))
	for i, m := range ms {
		names[i] = string(m)
	}
	return strings.Join(names, ",")
}

// use asks every plugin what it offers, calls do with a host that logs to w,
// and stops the plugins again.
func (f *hostFlags) use(ctx context.Context, env Env, w io.Writer, do func(*host.Host, *host.Catalog) error) (err error) {
	h, err := f.open(env, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	catalog, err := h.Describe(ctx)
	if err != nil {
		return fmt.Errorf("asking the plugins what they offer: %w", err)
	}
	return do(h, catalog)
}
