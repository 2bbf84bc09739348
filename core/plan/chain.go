package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// convertersOf returns the converters of each turn of an attack in a variant,
// and checks that every modality on the way is taken.
func (p *planner) convertersOf(a *campaign.Attack, v campaign.Variant) [][]string {
	all := make([][]string, len(a.Turns))
	applied, unsure := len(v.Converters) == 0, false
	for i, t := range a.Turns {
		names := t.Converters
		sent, ok := p.through(modalityOf(t), t.Converters)
		if ok && p.applies(v, sent) {
			applied = true
			names = slices.Concat(t.Converters, v.Converters)
			sent, ok = p.through(sent, v.Converters)
		}
		for _, name := range names {
			p.info(core.KindConverter, name.Name)
			all[i] = append(all[i], name.Name)
		}
		if !ok {
			unsure = true
			continue
		}
		p.checkSent(a, i, v, sent)
	}
	if !applied && !unsure {
		p.unusedVariant(v)
	}
	return all
}

func modalityOf(t campaign.Turn) core.Modality {
	if t.Audio != nil {
		return t.Audio.Modality
	}
	return core.Text
}

// applies reports whether a variant's converters run on turns of a modality:
// whether the first of them takes it.
func (p *planner) applies(v campaign.Variant, m core.Modality) bool {
	if len(v.Converters) == 0 {
		return false
	}
	info, ok := p.info(core.KindConverter, v.Converters[0].Name)
	return ok && info.Takes(m)
}

// unusedVariant reports a variant that changes no turn: its trials would be
// taken for proof of something that was never tried.
func (p *planner) unusedVariant(v campaign.Variant) {
	name := v.Converters[0].Name
	info, ok := p.info(core.KindConverter, name)
	if !ok {
		return // reported where it is defined
	}
	p.problem(v.At, fmt.Sprintf("converter %q (%s) takes %s, and no turn is that", name, info.Name, list(info.In)),
		"variant %q changes no turn", v.Name)
}

// through follows a modality through converters. ok is false where it cannot
// be said what comes out; the reason has been reported.
func (p *planner) through(m core.Modality, converters []campaign.Name) (out core.Modality, ok bool) {
	for _, name := range converters {
		info, ok := p.infos[definition{core.KindConverter, name.Name}]
		if !ok {
			return "", false
		}
		if !info.Takes(m) {
			p.problem(name.At, "", "converter %q (%s) takes %s, but gets %s here", name.Name, info.Name, list(info.In), m)
			return "", false
		}
		m = outOf(info, m)
	}
	return m, true
}

// outOf is the modality that a converter makes of another: the same where it
// can, and otherwise the first that it gives.
func outOf(info core.Info, in core.Modality) core.Modality {
	if len(info.Out) == 0 || gives(info, in) {
		return in
	}
	return info.Out[0]
}

func gives(info core.Info, m core.Modality) bool { return slices.Contains(info.Out, m) }

// checkSent checks what comes out of a turn's converters against as: and
// against the target.
func (p *planner) checkSent(a *campaign.Attack, index int, v campaign.Variant, sent core.Modality) {
	t := a.Turns[index]
	in := ""
	if v.Name != "" {
		in = fmt.Sprintf(" in variant %q", v.Name)
	}
	if t.As != "" && t.As != sent {
		p.problem(t.AsAt, fmt.Sprintf("add a converter that makes %s, or leave as: out", t.As),
			"turn %d of attack %q is %s when it is sent%s, not %s", index+1, a.Name, sent, in, t.As)
		return
	}
	target, ok := p.info(core.KindTarget, a.Target.Name)
	if ok && !target.Takes(sent) {
		p.problem(t.At, fmt.Sprintf("it takes %s", list(target.In)),
			"turn %d of attack %q is %s when it is sent%s, which target %q (%s) does not take",
			index+1, a.Name, sent, in, a.Target.Name, target.Name)
	}
}

// list words modalities: "text and audio".
func list(modalities []core.Modality) string {
	words := make([]string, len(modalities))
	for i, m := range modalities {
		words[i] = string(m)
	}
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
