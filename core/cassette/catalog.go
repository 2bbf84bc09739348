package cassette

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

var _ plan.Catalog = record.Catalog(nil)

// CatalogOf returns what a catalog knows of the components that a campaign
// defines.
func CatalogOf(c *campaign.Campaign, from plan.Catalog) record.Catalog {
	var known record.Catalog
	add := func(kind core.Kind, use string) {
		if _, _, ok := known.Lookup(kind, use); ok {
			return
		}
		if info, described, ok := from.Lookup(kind, use); ok {
			known = append(known, record.Component{Info: info, Schema: described})
		}
	}
	for _, t := range c.Targets {
		add(core.KindTarget, t.Use)
	}
	for _, v := range c.Converters {
		add(core.KindConverter, v.Use)
	}
	for _, s := range c.Scorers {
		add(core.KindScorer, s.Use)
	}
	return known
}

// Detached returns a plan as it is carried out without its components: nothing is
// configured, so that no secret is needed, and nothing is sent, so that neither
// the limits of targets nor the bounds of the scope are to be kept.
func Detached(p *plan.Plan) *plan.Plan {
	detached, c := *p, *p.Campaign
	c.Scope.MaxTurns, c.Scope.MaxTokens, c.Scope.MaxCost, c.Scope.MaxDuration, c.Scope.Window = 0, 0, 0, 0, nil
	detached.Campaign = &c
	detached.Targets = slices.Clone(p.Targets)
	for i := range detached.Targets {
		t := &detached.Targets[i]
		t.Config = campaign.Config{JSON: []byte("{}")}
		t.Limits = campaign.Limits{Concurrency: t.Limits.Concurrency}
	}
	detached.Converters = slices.Clone(p.Converters)
	for i := range detached.Converters {
		detached.Converters[i].Config = campaign.Config{JSON: []byte("{}")}
	}
	detached.Scorers = slices.Clone(p.Scorers)
	for i := range detached.Scorers {
		detached.Scorers[i].Config = campaign.Config{JSON: []byte("{}")}
	}
	return &detached
}
