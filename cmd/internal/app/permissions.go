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

// permit gives the plugins the permissions that the campaign needs and the user
// allows. hosts are those of the campaign's scope.
func permit(ctx context.Context, h *host.Host, p *plan.Plan, hosts []string, proxy *egress.Proxy) error {
	proxy.Allow(hosts, p.Needs().Local)
	var errs []error
	for _, g := range p.Grants() {
		errs = append(errs, h.Grant(ctx, g.Kind, g.Use, granted(g)))
	}
	return errors.Join(errs...)
}

// granted returns the permissions beyond those that a plugin declares. For a
// file it is the folder: a file that is renewed may be replaced by another one,
// to which a sandbox rule for the old file does not apply.
func granted(g plan.Grant) core.Permissions {
	p := core.Permissions{Programs: g.Programs}
	for _, file := range g.Files {
		p.Read = append(p.Read, filepath.Dir(file))
	}
	return p
}

// permitted returns the permissions of a plugin in a run.
func permitted(plugin host.Plugin, p *plan.Plan) core.Permissions {
	may := plugin.Permissions
	for _, g := range p.Grants() {
		if slices.ContainsFunc(plugin.Components, func(c host.Component) bool { return c.Info.Kind == g.Kind && c.Info.Name == g.Use }) {
			may = may.With(granted(g))
		}
	}
	return may
}
