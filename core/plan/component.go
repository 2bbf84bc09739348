package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// checkComponents checks every definition of the campaign, used or not.
func (p *planner) checkComponents() {
	p.definitions(p.checkComponent)
}

// definitions calls do with each definition of the campaign.
func (p *planner) definitions(do func(Definition, campaign.Component)) {
	for _, t := range p.campaign.Targets {
		do(Definition{core.KindTarget, t.Name}, t.Component)
	}
	for _, c := range p.campaign.Converters {
		do(Definition{core.KindConverter, c.Name}, c.Component)
	}
	for _, s := range p.campaign.Scorers {
		do(Definition{core.KindScorer, s.Name}, s.Component)
	}
}

func (p *planner) checkComponent(d Definition, c campaign.Component) {
	if c.Use == "" {
		return // reported by the reader
	}
	info, config, ok := p.catalog.Lookup(d.Kind, c.Use)
	if !ok {
		if !p.options.Unavailable[c.Use] {
			p.unknownComponent(d.Kind, c)
		}
		p.checkAddresses(d, c, nil)
		return
	}
	p.infos[d] = info.Restricted(p.options.Restrictions[d])
	wrong := map[string]bool{}
	for _, problem := range config.Check(c.Config.JSON) {
		wrong[problem.Path] = true
		where := ""
		if problem.Path != "" && !strings.Contains(problem.Message, strconv.Quote(problem.Path)) {
			where = problem.Path + ": "
		}
		report := p.report.Problem
		if problem.Secret {
			report = p.report.SecretProblem
		}
		hint := cmp.Or(problem.Hint, p.options.Environment.missing(d, problem.Path, config.Variables(c.Config.JSON)))
		report(c.Config.At(problem.Path), hint, "%s: %s%s%s", d, where, problem.Message, p.options.Environment.from(d, problem.Path))
	}
	p.checkSecrets(d, c, config)
	p.checkAddresses(d, c, wrong)
	p.checkPrograms(d, c, config)
	p.checkFiles(d, c, config)
	p.checkModels(d, c, config)
	for _, field := range uris(config, c.Config.JSON) {
		if !wrong[field.Path] {
			p.checkScope(d, c.Config.At(field.Path), field)
		}
	}
}

// unknownComponent describes the error in a name after use:.
func (p *planner) unknownComponent(kind core.Kind, c campaign.Component) {
	elsewhere := p.options.Elsewhere[kind]
	for _, other := range core.Kinds() {
		_, _, ok := p.catalog.Lookup(other, c.Use)
		if (ok || p.options.Elsewhere[other][c.Use] != "") && other != kind {
			p.report.Problem(c.UseAt, fmt.Sprintf("define it under %ss:, or use a %s", other, kind),
				"%q is a %s, not a %s", c.Use, other, kind)
			return
		}
	}
	names := slices.Sorted(maps.Keys(elsewhere))
	names = slices.Sorted(slices.Values(append(names, p.catalog.Names(kind)...)))
	near := schema.Nearest(c.Use, names)
	if plugin, ok := p.thirdParty(c.Use); ok && near == "" {
		p.unknownPlugin(plugin, c)
		return
	}
	hint := ""
	switch {
	case elsewhere[near] != "":
		hint = fmt.Sprintf("did you mean %q? It %s", near, elsewhere[near])
	case near != "":
		hint = fmt.Sprintf("did you mean %q?", near)
	case len(names) > 0:
		hint = fmt.Sprintf("the %ss are %s", kind, strings.Join(names, ", "))
	}
	p.report.Problem(c.UseAt, hint, "no plugin offers a %s %q", kind, c.Use)
}

// thirdParty returns the plugin's name in the name of an unknown component.
// match/substrin is a typing error, acme/ivr needs a plugin.
func (p *planner) thirdParty(use string) (plugin string, ok bool) {
	plugin, _, ok = strings.Cut(use, "/")
	for _, kind := range core.Kinds() {
		for _, name := range p.catalog.Names(kind) {
			if strings.HasPrefix(name, plugin+"/") {
				return "", false
			}
		}
	}
	return plugin, ok
}

// unknownPlugin describes a component of an unknown plugin.
func (p *planner) unknownPlugin(plugin string, c campaign.Component) {
	named := slices.ContainsFunc(p.campaign.Plugins, func(q requirement.Requirement) bool { return q.Name == plugin })
	switch {
	case !named:
		p.report.Problem(c.UseAt, fmt.Sprintf(`add it, with the versions that will do: plugins: {%s: ">=0.1, <1"}`, plugin),
			"%q needs the plugin %q, which is not among the campaign's plugins", c.Use, plugin)
	case !p.options.Absent[plugin]:
		p.report.Problem(c.UseAt, "", "the plugin %q offers no component %q", plugin, c.Use)
	}
}

// info returns the description of a component that the campaign names, and
// marks it as used. ok is false where a problem was reported.
func (p *planner) info(kind core.Kind, name string) (info core.Info, ok bool) {
	d := Definition{kind, name}
	p.used[d] = true
	info, ok = p.infos[d]
	return info, ok
}

// checkScorer checks that a scorer of an attack gets something to judge.
func (p *planner) checkScorer(a *campaign.Attack, name campaign.Reference) {
	_, ok := p.info(core.KindScorer, name.Name)
	for _, s := range p.campaign.Scorers {
		if s.Name != name.Name {
			continue
		}
		for _, via := range s.Via {
			p.info(core.KindConverter, via.Name)
		}
		for _, t := range a.Targets {
			target, targetOK := p.info(core.KindTarget, t.Name)
			if on := onOf(s); ok && targetOK && !gives(target, on) {
				d := Definition{core.KindTarget, t.Name}
				p.report.Problem(placeFor(a, t, name.At), p.hint(d, neverGives(on), fmt.Sprintf("set on: to what it gives, or attack another target: it gives %s", list(target.Out))),
					"scorer %q judges %s, which %s never gives", s.Name, on, p.shown(d, target, neverGives(on)))
			}
		}
	}
}

// checkVias checks the modality that each scorer gets after its converters.
func (p *planner) checkVias() {
	for _, s := range p.campaign.Scorers {
		info, ok := p.infos[Definition{core.KindScorer, s.Name}]
		if !ok {
			continue
		}
		got, ok := p.through(p.formOf(s), s.Via)
		if !ok || info.Takes(got) {
			continue
		}
		after := ""
		if len(s.Via) > 0 {
			after = " after via:"
		}
		p.report.Problem(s.At, fmt.Sprintf("the scorer takes %s: set on:, or add a converter to via:", list(info.In)),
			"scorer %q (%s) does not take %s, which is what it gets%s", s.Name, info.Name, got, after)
	}
}

// onOf is the modality that a scorer selects.
func onOf(s campaign.Scorer) core.Modality {
	if s.On == "" {
		return core.Text
	}
	return s.On
}

// formOf is the modality in which a scorer and its converters get what is judged:
// reasoning is text to them, and so are calls of tools, unless whoever gets them
// first takes calls.
func (p *planner) formOf(s campaign.Scorer) core.Modality {
	first := Definition{core.KindScorer, s.Name}
	if len(s.Via) > 0 {
		first = Definition{core.KindConverter, s.Via[0].Name}
	}
	switch on := onOf(s); on {
	case core.Reasoning:
		return core.Text
	case core.ToolCall:
		if info, ok := p.infos[first]; ok && !info.Takes(on) {
			return core.Text
		}
		return on
	default:
		return on
	}
}

// successProblem describes the error in a success expression.
func (p *planner) successProblem(a *campaign.Attack, err error) {
	e, ok := errors.AsType[*verdict.Error](err)
	if !ok {
		p.report.Problem(a.SuccessAt, "", "success: %v", err)
		return
	}
	p.report.Problem(a.SuccessPosition(e), e.Hint, "success: %s", e.Message)
}
