package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// harmless is what Greet says to targets.
const harmless = "Hello."

// Greeting is how a target of a campaign answered a harmless message.
type Greeting struct {
	engine.Contact
	// Use is the target's component; Model is the one in its configuration, "" for none.
	Use, Model string
	// Place is the address that it speaks to, without user, query and fragment, or the
	// program that it runs; "" where it has neither.
	Place string
	// Unasked is why nothing was sent to it; "" where it was asked.
	Unasked string
}

// Greet sends one harmless message to the targets of a campaign with some names, or
// to all that it uses where there are none, as a run would: with the same plugins,
// permissions, scope and limits. It records nothing; Store and Reporter may be nil.
func (r *Runner) Greet(ctx context.Context, file string, names []string) (all []Greeting, err error) {
	err = r.rehearse(ctx, file, func(s stage) error {
		all, err = r.greet(ctx, s, names)
		return err
	})
	return all, err
}

func (r *Runner) greet(ctx context.Context, s stage, names []string) ([]Greeting, error) {
	var defined []string
	for _, t := range s.loaded.campaign.Targets {
		defined = append(defined, t.Name)
	}
	p, err := greeted(s.plan, defined, names)
	if err != nil {
		return nil, err
	}
	all, p := describe(p, s.catalog)
	if len(p.Targets) == 0 {
		return all, nil
	}
	contacts, err := engine.Greet(ctx, p, core.UserText(harmless), s.options)
	for _, c := range contacts {
		i := slices.IndexFunc(all, func(g Greeting) bool { return g.Target == c.Target })
		all[i].Contact = c
	}
	return all, err
}

// greeted returns a plan of the targets with some names, or of all where there are
// none. defined are the names of those that the campaign defines.
func greeted(p *plan.Plan, defined, names []string) (*plan.Plan, error) {
	var used []string
	for _, t := range p.Targets {
		used = append(used, t.Name)
	}
	for _, name := range names {
		switch {
		case slices.Contains(used, name):
		case slices.Contains(defined, name):
			return nil, core.Errorf(core.ErrorConfig, "no attack uses the target %q", name).WithHint("the attacks use %s", strings.Join(used, ", "))
		default:
			return nil, core.Errorf(core.ErrorConfig, "the campaign defines no target %q", name).WithHint("it defines %s", strings.Join(defined, ", "))
		}
	}
	only := *p
	if len(names) > 0 {
		only.Targets = slices.DeleteFunc(slices.Clone(p.Targets), func(t plan.Target) bool { return !slices.Contains(names, t.Name) })
	}
	return &only, nil
}

// describe returns a greeting for each target of a plan, by its configuration with
// references for secrets, and a plan of those that can be asked.
func describe(p *plan.Plan, catalog plan.Catalog) ([]Greeting, *plan.Plan) {
	var all []Greeting
	asked := *p
	asked.Targets = nil
	for _, t := range p.Targets {
		g := Greeting{Contact: engine.Contact{Target: t.Name}, Use: t.Use}
		var said struct{ Model string }
		if json.Unmarshal(t.Config, &said) == nil { // another component's model may be no text
			g.Model = said.Model
		}
		info, config, ok := catalog.Lookup(core.KindTarget, t.Use)
		if ok {
			places := plan.Places(config, t.Config)
			for _, program := range config.Programs(t.Config) {
				places = append(places, program.Value)
			}
			if len(places) > 0 {
				g.Place = places[0]
			}
		}
		if info.Takes(core.Text) {
			asked.Targets = append(asked.Targets, t)
		} else {
			g.Unasked = "it takes no text"
		}
		all = append(all, g)
	}
	return all, &asked
}
