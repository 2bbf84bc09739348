package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newPluginsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugins",
		Short: "Install, lock, verify and show plugins and the components that they offer",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newPluginsListCommand(env),
		newPluginsDescribeCommand(env),
		newPluginsInstallCommand(env),
		newPluginsRemoveCommand(env),
		newPluginsLockCommand(env),
		newPluginsVerifyCommand(env),
		newPluginsTestCommand(env),
		newPluginsNewCommand(env),
	)
	return cmd
}

func newPluginsListCommand(env Env) *cobra.Command {
	var flags hostFlags
	var whole bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every component that a campaign can use",
		Args:  takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if whole {
				return listPlugins(cmd.Context(), env, flags)
			}
			return flags.use(cmd.Context(), env, env.Stderr, func(_ *host.Host, c *host.Catalog) error {
				return listComponents(env.Stdout, c)
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&whole, "plugins", false, "list the third-party plugins instead, all versions, with what they may do")
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

// versionOf returns a plugin's version, and says so where nobody can know what
// really runs.
func versionOf(p host.Plugin) string {
	if p.Attached {
		return p.Version + " (attached, unverified)"
	}
	return p.Version
}

func newPluginsDescribeCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "describe COMPONENT|PLUGIN",
		Short: "Show a component, with the schema of its with: block, or a plugin",
		Args:  takes(1, 1, "one component or plugin"),

		ValidArgsFunction: completeComponents(env, &flags),
		RunE: func(cmd *cobra.Command, given []string) error {
			return flags.use(cmd.Context(), env, env.Stderr, func(_ *host.Host, c *host.Catalog) error {
				if p, ok := pluginNamed(c, given[0]); ok {
					return describePlugin(env.Stdout, p)
				}
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
		return usagef("there is no component and no plugin %q", name).
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
