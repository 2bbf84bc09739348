package app

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// permit lets the plugins do what the campaign asks for and the user allows. hosts
// are those of the campaign's scope.
func permit(ctx context.Context, h *host.Host, p *plan.Plan, hosts []string, proxy *egress.Proxy) error {
	proxy.Allow(hosts, p.Needs().Local)
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
