package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newPluginsListCommand(env Env) *cobra.Command {
	var flags hostFlags
	var whole bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every component that a campaign can use",
		Args:  takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if whole {
				return listPlugins(cmd.Context(), env, &flags)
			}
			catalog, err := readCatalog(cmd.Context(), env, env.Stderr, &flags)
			if err != nil {
				return err
			}
			for _, c := range companions(env) {
				if c.Missing {
					what, hint := c.NotThere()
					view.Lines(env.Stderr, "warning", fmt.Sprintf("not listed is what comes with %s", what))
					view.Lines(env.Stderr, "hint", hint)
				}
			}
			return listComponents(env.Stdout, catalog)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&whole, "plugins", false, "list the plugins instead, except the bundled one: all versions, with what they may do")
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

// versionOf returns a plugin's version. For a process that the user has
// started, it is the one that the plugin declares.
func versionOf(p host.Plugin) string {
	switch {
	case p.Attached:
		return p.Version + " (attached, unverified)"
	case p.Companion && !p.Verified:
		return p.Version + " (unlocked)"
	default:
		return p.Version
	}
}

// readCatalog returns the descriptions of the bundled plugin and the newest
// version of every other one. It warns, on w, of plugins that fail.
func readCatalog(ctx context.Context, env Env, w io.Writer, flags *hostFlags) (*host.Catalog, error) {
	plugins, err := flags.plugins(env, w)
	if err != nil {
		return nil, err
	}
	catalog, err := plugins.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range catalog.Plugins() {
		if p.Err == nil {
			continue
		}
		view.Lines(w, "warning", fmt.Sprintf("plugin %q cannot be used: %v", p.Name, p.Err))
		if hint := core.HintOf(p.Err); hint != "" {
			view.Lines(w, "hint", hint)
		}
	}
	return catalog, nil
}

// listPlugins prints the companions and every third-party plugin. An installed one
// is not started: its description was stored when it was installed.
func listPlugins(ctx context.Context, env Env, flags *hostFlags) error {
	plugins, err := flags.plugins(env, env.Stderr)
	if err != nil {
		return err
	}
	found := plugins.Discover()
	slices.SortStableFunc(found, func(a, b host.Program) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range slices.Backward(plugins.Companions) {
		if !c.Missing {
			found = slices.Insert(found, 0, c.Program())
		}
	}
	lines := [][]string{{"PLUGIN", "VERSION", "SHA-256", "MAY DO", "FROM"}}
	for _, p := range found {
		l, err := whatIs(ctx, plugins, p)
		if err != nil {
			lines = append(lines, []string{p.Name, cmp.Or(p.Version, "-"), "-", "-", phrase.OneLine(err.Error())})
			continue
		}
		lines = append(lines, []string{l.Name, l.Version, phrase.ShortSum(l.SHA256[install.Platform()]), phrase.OneLine(l.Permissions.String()), phrase.OneLine(l.Source)})
	}
	view.Aligned(env.Stdout, lines, func(int) bool { return true })
	return nil
}

// whatIs returns the stored description of an installed program, and starts any
// other to describe it.
func whatIs(ctx context.Context, plugins *app.Plugins, p host.Program) (install.Entry, error) {
	l, installed, err := install.Receipt(p)
	if installed || err != nil {
		return l, err
	}
	d, err := plugins.Describe(ctx, p)
	return install.Entry{
		Name: p.Name, Version: d.Version, Permissions: d.Permissions, Source: p.Path,
		SHA256: map[string]string{install.Platform(): d.SHA256},
	}, err
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
