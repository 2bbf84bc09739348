package app

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Companion is a plugin whose program comes with the orchestrator. Campaigns use its
// components without a prefix. It is started only where one is used.
type Companion struct {
	Name string
	// Path is the only place where its program is looked for, and Missing says
	// that there is none.
	Path    string
	Missing bool
	// SHA256 is the checksum that the orchestrator was built with, in
	// hexadecimal; "" where it was built without one.
	SHA256      string
	Permissions core.Permissions
	// Offers are the names of its components. One that is not listed can be used,
	// too; it is found by starting the companion.
	Offers map[core.Kind][]string
}

// WhereCompanionsAre is what to do where one is missing, or is not the one that belongs to
// the orchestrator.
const WhereCompanionsAre = "an installation has the program beside the orchestrator; in a checkout, make build builds both"

// Program returns the program for a host.
func (c Companion) Program() host.Program {
	return host.Program{Name: c.Name, Companion: true, Path: c.Path, SHA256: c.SHA256, Permissions: &c.Permissions}
}

// NotThere describes a missing companion, and what to do.
func (c Companion) NotThere() (what, hint string) {
	return fmt.Sprintf("the program %s, which is not in %s", filepath.Base(c.Path), filepath.Dir(c.Path)), WhereCompanionsAre
}

// companions are those of a campaign.
type companions struct {
	// needed are the ones to start.
	needed []Companion
	// problems are those of components whose companions are missing, and
	// unavailable their names after use:.
	problems    yamlfile.Problems
	unavailable map[string]bool
	// elsewhere are the components of all companions that are missing or could not be
	// started; see [plan.Options].
	elsewhere map[core.Kind]map[string]string
}

// without notes that what a companion offers cannot be used, and why: a clause.
func (c *companions) without(q Companion, why string) {
	for kind, names := range q.Offers {
		if c.elsewhere[kind] == nil {
			c.elsewhere[kind] = map[string]string{}
		}
		for _, name := range names {
			c.elsewhere[kind][name] = why
		}
	}
}

// companionsOf returns the companions that a campaign needs. A component that is not known,
// which may be misspelt, needs all of them.
func (p *Plugins) companionsOf(c *campaign.Campaign) companions {
	found := companions{unavailable: map[string]bool{}, elsewhere: map[core.Kind]map[string]string{}}
	if len(p.Companions) == 0 {
		return found
	}
	needed, all := map[string]bool{}, false
	for kind, component := range components(c) {
		if p.Bundles(kind, component.Use) || p.foreign(c, component.Use) {
			continue
		}
		switch i := slices.IndexFunc(p.Companions, func(q Companion) bool { return slices.Contains(q.Offers[kind], component.Use) }); {
		case i < 0:
			all = true
		case p.startable(p.Companions[i]):
			needed[p.Companions[i].Name] = true
		default:
			what, hint := p.Companions[i].NotThere()
			found.unavailable[component.Use] = true
			found.problems = append(found.problems, yamlfile.Problem{
				File: c.File, Position: component.UseAt, Hint: hint,
				Message: fmt.Sprintf("%s: %q comes with %s", plan.Definition{Kind: kind, Name: component.Name}, component.Use, what),
			})
		}
	}
	for _, q := range p.Companions {
		switch {
		case !p.startable(q):
			what, hint := q.NotThere()
			found.without(q, fmt.Sprintf("comes with %s: %s", what, hint))
		case all || needed[q.Name] || p.attached(q.Name):
			found.needed = append(found.needed, q)
		}
	}
	return found
}

func (p *Plugins) startable(c Companion) bool { return !c.Missing || p.attached(c.Name) }

func (p *Plugins) attached(name string) bool {
	_, ok := p.Attached[name]
	return ok
}

// foreign reports whether a component is that of a plugin that the campaign requires, or
// that is attached.
func (p *Plugins) foreign(c *campaign.Campaign, use string) bool {
	name, _, ok := strings.Cut(use, "/")
	return ok && (p.attached(name) || slices.ContainsFunc(c.Plugins, func(q requirement.Requirement) bool { return q.Name == name }))
}

// failed returns the problems of companions that could not be started, at the first component
// of each, and adds its components to those that are not available.
func (c *companions) failed(of *campaign.Campaign, catalog *host.Catalog) yamlfile.Problems {
	var problems yamlfile.Problems
	for _, q := range c.needed {
		i := slices.IndexFunc(catalog.Plugins(), func(p host.Plugin) bool { return p.Name == q.Name && p.Companion })
		if i < 0 || catalog.Plugins()[i].Err == nil {
			continue
		}
		err, told := catalog.Plugins()[i].Err, false
		c.without(q, fmt.Sprintf("comes with the plugin %q, which cannot be used: %v", q.Name, err))
		for kind, component := range components(of) {
			if !slices.Contains(q.Offers[kind], component.Use) {
				continue
			}
			c.unavailable[component.Use] = true
			if !told {
				told = true
				problems = append(problems, yamlfile.Problem{
					File: of.File, Position: component.UseAt, Hint: core.HintOf(err),
					Message: fmt.Sprintf("plugin %q cannot be used: %v", q.Name, err),
				})
			}
		}
	}
	return problems
}

// components iterates over the definitions of a campaign that name a component.
func components(c *campaign.Campaign) iter.Seq2[core.Kind, campaign.Component] {
	return func(yield func(core.Kind, campaign.Component) bool) {
		for _, t := range c.Targets {
			if t.Use != "" && !yield(core.KindTarget, t.Component) {
				return
			}
		}
		for _, v := range c.Converters {
			if v.Use != "" && !yield(core.KindConverter, v.Component) {
				return
			}
		}
		for _, s := range c.Scorers {
			if s.Use != "" && !yield(core.KindScorer, s.Component) {
				return
			}
		}
	}
}
