package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// confinementFlags say what the processes of plugins are held to.
type confinementFlags struct {
	required bool
	exempt   []string
}

func (f *confinementFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.required, "require-sandbox", false, "start no plugin that this system cannot hold to all that it declares")
	cmd.Flags().StringArrayVar(&f.exempt, "no-sandbox", nil, "`plugin` that is held to nothing; orchestrator is the bundled one; may be repeated")
}

// confinement is what this program can hold plugins to. They reach the network
// by way.
func (f *confinementFlags) confinement(env Env, way *egress.Proxy) host.Confinement {
	return host.Confinement{
		Launcher: []string{env.Executable, pluginLaunch},
		Egress:   way,
		Bundled:  bundledPermissions(),
		Exempt:   f.exempt,
		Required: f.required,
	}
}

// permit lets the plugins do what the campaign asks for and the user allows. hosts
// are those of the campaign's scope.
func permit(ctx context.Context, h *host.Host, p *plan.Plan, hosts []string, way *egress.Proxy) error {
	way.Allow(hosts, p.Needs().Local)
	var errs []error
	for _, g := range p.Grants() {
		errs = append(errs, h.Grant(ctx, g.Kind, g.Use, granted(g)))
	}
	return errors.Join(errs...)
}

// granted is what comes on top of what a plugin declares. Of a file it is the
// folder: it is read again and again because it is renewed, and what renews it
// may put another in its place, which a sandbox does not take for the same.
func granted(g plan.Grant) core.Permissions {
	p := core.Permissions{Programs: g.Programs}
	for _, file := range g.Files {
		p.Read = append(p.Read, filepath.Dir(file))
	}
	return p
}

// permitted is what a plugin may do in a run.
func permitted(plugin host.Plugin, p *plan.Plan) core.Permissions {
	may := plugin.Permissions
	for _, g := range p.Grants() {
		if slices.ContainsFunc(plugin.Components, func(c host.Component) bool { return c.Info.Kind == g.Kind && c.Info.Name == g.Use }) {
			may = may.With(granted(g))
		}
	}
	return may
}

// checkExempt returns an error for what is no plugin: somebody means another
// one.
func (f *confinementFlags) checkExempt(catalog *host.Catalog) error {
	var names []string
	for _, p := range catalog.Plugins() {
		names = append(names, p.Name)
	}
	for _, name := range f.exempt {
		if !slices.Contains(names, name) {
			return usagef("--no-sandbox: there is no plugin %q here", name).suggesting(name, names)
		}
	}
	return nil
}

// recordConnection keeps a connection when it is over, or was refused.
func (r *recording) recordConnection(c egress.Connection) {
	journal := r.begun.Load()
	if journal == nil || c.Ended.IsZero() {
		return // nothing has been asked of a plugin yet, or it is open
	}
	refused := ""
	if !c.Allowed || c.Reason != "" {
		refused = c.Reason
	}
	if !c.Allowed {
		r.watch.log.Refused(c.Plugin, c.Address, c.Reason)
	}
	// A record that fails ends the run at its next turn.
	_ = journal.RecordConnection(store.Connection{
		Plugin: c.Plugin, Host: c.Address, At: c.Began, Refused: refused, Sent: c.Sent, Received: c.Received,
	})
}
