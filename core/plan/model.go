package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// checkModels checks that the targets in a component's configuration are
// defined in the campaign. A target's configuration may name none, because two
// targets could wait for each other.
func (p *planner) checkModels(d Definition, c campaign.Component, config *schema.Schema) {
	names := make([]string, len(p.campaign.Targets))
	for i, t := range p.campaign.Targets {
		names[i] = t.Name
	}
	for _, field := range config.Targets(c.Config.JSON) {
		at := c.Config.At(field.Path)
		switch {
		case d.Kind == core.KindTarget:
			p.report.Problem(at, "leave it out", "%s: %s: a target cannot use target %q: only converters and scorers can", d, field.Path, field.Value)
		case strings.Contains(field.Value, "${"): // reported by the schema
		case !slices.Contains(names, field.Value):
			p.report.Problem(at, definedTargets(field.Value, names), "%s: %s: target %q is not defined", d, field.Path, field.Value)
		}
	}
}

// definedTargets lists the defined targets for the hint about an undefined one.
func definedTargets(name string, names []string) string {
	if near := schema.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) == 0 {
		return "the campaign defines no target"
	}
	return "the campaign defines " + strings.Join(names, ", ")
}

// useModels marks the targets as used that the converters and scorers of a
// trial name, and lists them in the definitions.
func (p *planner) useModels() {
	p.definitions(func(d Definition, c campaign.Component) {
		_, config, ok := p.catalog.Lookup(d.Kind, c.Use)
		if !ok || !p.used[d] {
			return
		}
		models := config.Targets(c.Config.JSON)
		for _, field := range models {
			p.used[Definition{core.KindTarget, field.Value}] = true
		}
		if len(models) > 0 {
			p.plan.notCounted = append(p.plan.notCounted, d.String())
		}
	})
}
