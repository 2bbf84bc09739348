package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// script returns the turns of an attack in a variant, without their values, and
// checks that each converter and the target accept the modality they get.
func (p *planner) script(a *campaign.Attack, v campaign.Variant) strategy.Script {
	script := make(strategy.Script, len(a.Turns))
	c := chain{planner: p, attack: a, variant: v}
	for i, t := range a.Turns {
		script[i] = strategy.Turn{Parts: make([]strategy.Part, len(t.Parts)), Delivery: t.Delivery}
		streamable := false
		for n := range t.Parts {
			names, sent, ok := c.part(i, n)
			script[i].Parts[n].Converters = names
			streamable = streamable || !ok || sent == core.Audio
		}
		if t.Delivery.Stream && !streamable {
			p.report.Problem(t.DeliveryAt(core.CapabilityStream), "add a converter that makes speech, or leave stream: out",
				"turn %d of attack %q is streamed, but none of it is audio when it is sent%s", i+1, a.Name, c.in())
		}
	}
	if len(v.Converters) > 0 && !c.applied && !c.unsure {
		p.unusedVariant(v)
	}
	return script
}

// chain is the converters between an attack's turns, in a variant, and the
// target.
type chain struct {
	planner *planner
	attack  *campaign.Attack
	variant campaign.Variant
	// applied says that the variant's converters apply to some part, and unsure
	// that this is unknown for some part.
	applied, unsure bool
}

// in names the variant at the end of a problem's text.
func (c *chain) in() string {
	if c.variant.Name == "" {
		return ""
	}
	return fmt.Sprintf(" in variant %q", c.variant.Name)
}

// part returns the converters of a part and the modality that they produce. ok
// is false where that is unknown; the reason was reported.
func (c *chain) part(turn, part int) (converters []string, sent core.Modality, ok bool) {
	p := c.attack.Turns[turn].Parts[part]
	names := p.Converters
	sent, ok = c.planner.through(p.Modality(), p.Converters)
	if ok && c.planner.applies(c.variant, sent) {
		c.applied = true
		names = slices.Concat(p.Converters, c.variant.Converters)
		sent, ok = c.planner.through(sent, c.variant.Converters)
	}
	for _, name := range names {
		c.planner.info(core.KindConverter, name.Name)
		converters = append(converters, name.Name)
	}
	if !ok {
		c.unsure = true
		return converters, "", false
	}
	c.checkSent(turn, part, sent)
	return converters, sent, true
}

// applies reports whether a variant's converters apply to parts of a modality:
// whether the first of them accepts it.
func (p *planner) applies(v campaign.Variant, m core.Modality) bool {
	if len(v.Converters) == 0 {
		return false
	}
	info, ok := p.info(core.KindConverter, v.Converters[0].Name)
	return ok && info.Takes(m)
}

// unusedVariant reports a variant that changes no turn: its trials would count
// as evidence about converters that were not used.
func (p *planner) unusedVariant(v campaign.Variant) {
	name := v.Converters[0].Name
	info, ok := p.info(core.KindConverter, name)
	if !ok {
		return // reported at its definition
	}
	p.report.Problem(v.At, fmt.Sprintf("converter %q (%s) takes %s, and no turn is that", name, info.Name, list(info.In)),
		"variant %q changes no turn", v.Name)
}

// through returns the modality that converters produce from another. ok is
// false where it is unknown; the reason was reported.
func (p *planner) through(m core.Modality, converters []campaign.Reference) (out core.Modality, ok bool) {
	for _, name := range converters {
		info, ok := p.infos[Definition{core.KindConverter, name.Name}]
		if !ok {
			return "", false
		}
		if !info.Takes(m) {
			p.report.Problem(name.At, "", "converter %q (%s) takes %s, but gets %s here", name.Name, info.Name, list(info.In), m)
			return "", false
		}
		m = outOf(info, m)
	}
	return m, true
}

// outOf is the modality that a converter produces from another: the same if it
// can, and otherwise its first output.
func outOf(info core.Info, in core.Modality) core.Modality {
	if len(info.Out) == 0 || gives(info, in) {
		return in
	}
	return info.Out[0]
}

func gives(info core.Info, m core.Modality) bool { return slices.Contains(info.Out, m) }

// checkSent checks the modality of a part after its converters against as: and
// against each target.
func (c *chain) checkSent(turn, part int, sent core.Modality) {
	p := c.attack.Turns[turn].Parts[part]
	what := fmt.Sprintf("%s is %s when it is sent%s", partName(c.attack, turn, part), sent, c.in())
	if p.As != "" && p.As != sent {
		c.planner.report.Problem(p.AsAt, fmt.Sprintf("add a converter that makes %s, or leave as: out", p.As), "%s, not %s", what, p.As)
		return
	}
	for _, t := range c.attack.Targets {
		target, ok := c.planner.info(core.KindTarget, t.Name)
		if ok && !target.Takes(sent) {
			d := Definition{core.KindTarget, t.Name}
			c.planner.report.Problem(placeFor(c.attack, t, p.At), c.planner.hintTaking(d, target, sent),
				"%s, which %s does not take", what, c.planner.shown(d, target, takes(sent)))
		}
	}
}

// partName names a part of an attack's turn, or the turn if it has no other
// part.
func partName(a *campaign.Attack, turn, part int) string {
	if a.RedTeam != nil {
		return fmt.Sprintf("what the attacker of attack %q writes", a.Name)
	}
	name := fmt.Sprintf("turn %d of attack %q", turn+1, a.Name)
	if len(a.Turns[turn].Parts) > 1 {
		return fmt.Sprintf("part %d of %s", part+1, name)
	}
	return name
}

// list joins modalities: "text and audio".
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
