package plan

import (
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// can is the restriction that takes a capability away, takes and neverGives those of
// modalities.
func can(capability string) core.Restriction { return core.Restriction{Capability: capability} }

func takes(m core.Modality) core.Restriction { return core.Restriction{In: m} }

func neverGives(m core.Modality) core.Restriction { return core.Restriction{Out: m} }

// restriction returns the restriction of a definition's configuration that takes
// something away; false where the component never has it.
func (p *planner) restriction(d Definition, lacks core.Restriction) (core.Restriction, bool) {
	all := p.options.Restrictions[d]
	if i := slices.IndexFunc(all, lacks.Is); i >= 0 {
		return all[i], true
	}
	return lacks, false
}

// shown names a definition and its component for a problem with what it lacks: target
// "bot" (http), or target "bot" (http, as it is configured).
func (p *planner) shown(d Definition, info core.Info, lacks core.Restriction) string {
	if _, restricted := p.restriction(d, lacks); restricted {
		return fmt.Sprintf("%s (%s, as it is configured)", d, info.Name)
	}
	return fmt.Sprintf("%s (%s)", d, info.Name)
}

// hint returns what would be right in place of what a definition lacks: what would
// change its configuration, if that is why, before the other way.
func (p *planner) hint(d Definition, lacks core.Restriction, other string) string {
	if r, _ := p.restriction(d, lacks); r.Hint != "" {
		return r.Hint + "; otherwise " + other
	}
	return other
}

// hintTaking returns what would be right in place of a modality that a target does not
// take.
func (p *planner) hintTaking(d Definition, target core.Info, m core.Modality) string {
	switch _, restricted := p.restriction(d, takes(m)); {
	case restricted && len(target.In) == 0:
		return p.hint(d, takes(m), "attack another target")
	case restricted:
		return p.hint(d, takes(m), "send "+list(target.In))
	}
	return fmt.Sprintf("the target takes %s", list(target.In))
}
