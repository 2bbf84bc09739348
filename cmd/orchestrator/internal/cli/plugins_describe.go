package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newPluginsDescribeCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "describe COMPONENT|PLUGIN",
		Short: "Show a component, with the schema of its with: block, or a plugin",
		Args:  takes(1, 1, "one component or plugin"),

		ValidArgsFunction: completeComponents(env, &flags),
		RunE: func(cmd *cobra.Command, given []string) error {
			catalog, err := readCatalog(cmd.Context(), env, env.Stderr, &flags)
			if err != nil {
				return err
			}
			if p, ok := pluginNamed(catalog, given[0]); ok {
				return describePlugin(env.Stdout, p)
			}
			return describeComponent(env, catalog, given[0])
		},
	}
	flags.register(cmd)
	return cmd
}

func describeComponent(env Env, catalog *host.Catalog, name string) error {
	w, found := env.Stdout, false
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
	if c, ok := missingCompanion(env, name); ok && !found {
		what, hint := c.NotThere()
		return usagef("%q comes with %s", name, what).withHint("%s", hint)
	}
	if !found {
		return usagef("there is no component and no plugin %q", name).
			withHint("orchestrator plugins list shows all").suggesting(name, componentNames(catalog))
	}
	return nil
}

func pluginNamed(c *host.Catalog, name string) (host.Plugin, bool) {
	for _, p := range c.Plugins() {
		if p.Name == name && p.Err == nil {
			return p, true
		}
	}
	return host.Plugin{}, false
}

func describePlugin(w io.Writer, p host.Plugin) error {
	fmt.Fprintf(w, "%s %s (plugin)\n\n", p.Name, p.Version)
	fmt.Fprintf(w, "protocol:   %s, built with %s\n", p.Protocol, p.SDKVersion)
	fmt.Fprintf(w, "may do:     %s\n", p.Permissions)
	fmt.Fprintf(w, "program:    %s\nSHA-256:    %s\n", p.Path, p.SHA256)
	for _, kind := range core.Kinds() {
		var names []string
		for _, c := range p.Components {
			if c.Info.Kind == kind {
				names = append(names, c.Info.Name)
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(w, "%-12s%s\n", string(kind)+"s:", strings.Join(names, ", "))
		}
	}
	return nil
}

// completeComponents proposes the components of the plugins.
func completeComponents(env Env, flags *hostFlags) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		if len(given) == 0 {
			if catalog, err := readCatalog(cmd.Context(), env, io.Discard, flags); err == nil { // a shell cannot show an error
				found = componentNames(catalog)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func componentNames(c *host.Catalog) []string {
	var names []string
	for _, kind := range core.Kinds() {
		names = append(names, c.Names(kind)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
