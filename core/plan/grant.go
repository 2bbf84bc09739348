package plan

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// Grant is what the campaign makes a component do beyond its plugin's own
// permissions, and the user allows.
type Grant struct {
	Kind core.Kind
	// Use is the component's name after use:.
	Use string
	// Programs are run, and Files are read.
	Programs, Files []string
}

// Grants returns the grants of the components that some trial uses, in the order
// of the campaign.
func (p *Plan) Grants() []Grant { return p.grants }

func (p *planner) addGrants() {
	p.definitions(func(d Definition, c campaign.Component) {
		_, config, ok := p.catalog.Lookup(d.Kind, c.Use)
		if !ok || !p.used[d] {
			return
		}
		g := Grant{Kind: d.Kind, Use: c.Use}
		for _, field := range config.Programs(c.Config.JSON) {
			g.Programs = append(g.Programs, field.Value)
		}
		for _, field := range config.Files(c.Config.JSON) {
			g.Files = append(g.Files, field.Value)
		}
		if len(g.Programs)+len(g.Files) > 0 {
			p.plan.grants = append(p.plan.grants, g)
		}
	})
}
