package cassette

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Component is what a plugin said of a component when a run was recorded.
type Component struct {
	Info   core.Info
	Schema *schema.Schema
}

// component is one as JSON.
type component struct {
	Info   core.Info       `json:"info"`
	Schema json.RawMessage `json:"schema"`
}

// MarshalJSON encodes the component.
func (c Component) MarshalJSON() ([]byte, error) {
	encoded, err := json.Marshal(c.Schema)
	if err != nil {
		return nil, err
	}
	return json.Marshal(component{c.Info, encoded})
}

// UnmarshalJSON decodes what MarshalJSON encodes.
func (c *Component) UnmarshalJSON(data []byte) error {
	var decoded component
	if err := json.Unmarshal(data, &decoded); err != nil {
		return err
	}
	parsed, err := schema.Parse(decoded.Schema)
	if err != nil {
		return fmt.Errorf("%s %q: %w", decoded.Info.Kind, decoded.Info.Name, err)
	}
	*c = Component{decoded.Info, parsed}
	return nil
}

// Catalog is what is known of components without their plugins. It is a
// [plan.Catalog].
type Catalog []Component

var _ plan.Catalog = Catalog(nil)

// CatalogOf returns what a catalog knows of the components that a campaign
// defines.
func CatalogOf(c *campaign.Campaign, from plan.Catalog) Catalog {
	var known Catalog
	add := func(kind core.Kind, use string) {
		if _, _, ok := known.Lookup(kind, use); ok {
			return
		}
		if info, described, ok := from.Lookup(kind, use); ok {
			known = append(known, Component{info, described})
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

// Lookup implements [plan.Catalog].
func (c Catalog) Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool) {
	for _, known := range c {
		if known.Info.Kind == kind && known.Info.Name == use {
			return known.Info, known.Schema, true
		}
	}
	return core.Info{}, nil, false
}

// Names implements [plan.Catalog].
func (c Catalog) Names(kind core.Kind) []string {
	var names []string
	for _, known := range c {
		if known.Info.Kind == kind {
			names = append(names, known.Info.Name)
		}
	}
	slices.Sort(names)
	return names
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
