package cassette

import (
	"iter"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

var _ plan.Catalog = record.Catalog(nil)

// CatalogOf returns the description of each component, without duplicates.
func CatalogOf(used iter.Seq2[core.Kind, string], from plan.Catalog) record.Catalog {
	var known record.Catalog
	for kind, use := range used {
		if _, _, ok := known.Lookup(kind, use); ok {
			continue
		}
		if info, described, ok := from.Lookup(kind, use); ok {
			known = append(known, record.Component{Info: info, Schema: described})
		}
	}
	return known
}

// Detached returns a plan to be run without its components: their configuration
// is removed, so that no secret is needed, and so are the limits of targets and
// the bounds of the scope, because nothing is sent.
func Detached(p *plan.Plan) *plan.Plan {
	detached := *p
	detached.Bounds = scope.Bounds{}
	detached.Targets = slices.Clone(p.Targets)
	for i := range detached.Targets {
		t := &detached.Targets[i]
		t.Config = []byte("{}")
		t.Limits = scope.Limits{Concurrency: t.Limits.Concurrency}
	}
	detached.Converters = slices.Clone(p.Converters)
	for i := range detached.Converters {
		detached.Converters[i].Config = []byte("{}")
	}
	detached.Scorers = slices.Clone(p.Scorers)
	for i := range detached.Scorers {
		detached.Scorers[i].Config = []byte("{}")
	}
	return &detached
}
