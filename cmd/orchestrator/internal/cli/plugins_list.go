package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// listPlugins prints every third-party plugin. What was installed is not
// started: what it says of itself was kept then.
func listPlugins(ctx context.Context, env Env, flags hostFlags) error {
	found, err := flags.discover(env, env.Stderr)
	if err != nil {
		return err
	}
	slices.SortStableFunc(found, func(a, b host.Program) int { return cmp.Compare(a.Name, b.Name) })
	lines := [][]string{{"PLUGIN", "VERSION", "SHA-256", "MAY DO", "FROM"}}
	for _, p := range found {
		l, err := flags.whatIs(ctx, env, p)
		if err != nil {
			lines = append(lines, []string{p.Name, cmp.Or(p.Version, "-"), "-", "-", cell(err.Error())})
			continue
		}
		lines = append(lines, []string{l.Name, l.Version, prefix(l.SHA256[install.Platform()]), cell(l.Permissions.String()), cell(l.Source)})
	}
	writeAligned(env.Stdout, lines, func(int) bool { return true })
	return nil
}

// whatIs returns what was kept of a program when it was installed, and asks one
// that was not.
func (f *hostFlags) whatIs(ctx context.Context, env Env, p host.Program) (install.Entry, error) {
	l, installed, err := install.Receipt(p)
	if installed || err != nil {
		return l, err
	}
	d, err := f.describer(env)(ctx, p)
	return install.Entry{
		Name: p.Name, Version: d.Version, Permissions: d.Permissions, Source: p.Path,
		SHA256: map[string]string{install.Platform(): d.SHA256},
	}, err
}

// prefix shortens a checksum for a table.
func prefix(sum string) string {
	const enough = 12
	return sum[:min(len(sum), enough)]
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
