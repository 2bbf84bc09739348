package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// caseOf returns what the setup is repeated for.
func (s *Setup) caseOf() record.Case {
	return record.Case{Attack: s.Attack, Target: s.Target, Variant: s.Variant, Row: s.Row}
}

// CheckSelection returns an error of [core.ErrorConfig] for the first name of a
// selection that selects no trial of a plan, with what may be meant.
func (p *Plan) CheckSelection(s record.Selection) error {
	if len(s.Only) == 0 {
		return nil
	}
	var cases []record.Case
	for i := range p.Trials {
		if t := &p.Trials[i]; i == 0 || t.Setup != p.Trials[i-1].Setup {
			cases = append(cases, t.caseOf())
		}
	}
	for _, name := range s.Only {
		if known, next, ok := record.Unselected(name, cases); !ok {
			return unselected(p.Name, name, known, next)
		}
	}
	return nil
}

// unselected is the error for a name that selects nothing: known is the part of it that
// selects something, and next is what may follow that.
func unselected(campaign, name, known string, next []string) error {
	before := ""
	if known != "" {
		before = known + "/"
	}
	wrong, rest, _ := strings.Cut(strings.TrimPrefix(name, before), "/")
	if rest != "" {
		rest = "/" + rest
	}
	err := core.Errorf(core.ErrorConfig, "--only %s: campaign %s has no attack %q", name, campaign, wrong)
	if known != "" {
		err = core.Errorf(core.ErrorConfig, "--only %s: %s has no %q", name, known, wrong)
	}
	switch near := schema.Nearest(wrong, next); {
	case slices.ContainsFunc(next, isRow): // the nearest row is not the one that was meant
	case len(next) == 0:
		return err.WithHint("--only names an attack, a variant and a row, and no single trial; --trials says how many of each are held")
	case near != "":
		return err.WithHint("did you mean %q?", before+near+rest)
	}
	const most = 5
	more := ""
	if len(next) > most {
		more = fmt.Sprintf(" and %d more", len(next)-most)
		next = next[:most]
	}
	return err.WithHint("it has %s%s", strings.Join(next, ", "), more)
}

func isRow(name string) bool { return strings.HasPrefix(name, "row-") }

// selected returns the campaign without the attacks, targets and variants of which
// nothing is selected, and with the selected number of trials. The whole plan says what there is.
func selected(c *campaign.Campaign, whole *Plan, s record.Selection) *campaign.Campaign {
	type group struct{ attack, target, variant string }
	held := map[group]bool{}
	for i := range whole.Trials {
		if t := &whole.Trials[i]; s.Has(t.caseOf()) {
			held[group{attack: t.Attack}], held[group{t.Attack, t.Target, ""}], held[group{t.Attack, "", t.Variant}] = true, true, true
		}
	}
	part := *c
	part.Attacks = nil
	for _, a := range c.Attacks {
		if !held[group{attack: a.Name}] {
			continue
		}
		a.Targets = slices.DeleteFunc(slices.Clone(a.Targets), func(r campaign.Reference) bool { return !held[group{a.Name, r.Name, ""}] })
		a.Variants = slices.DeleteFunc(slices.Clone(a.Variants), func(v campaign.Variant) bool { return !held[group{a.Name, "", v.Name}] })
		if s.Trials > 0 {
			a.Trials = s.Trials
		}
		part.Attacks = append(part.Attacks, a)
	}
	return &part
}
