package plan

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// placeFor returns the place of a problem of an attack with one of its targets:
// at, or the target's entry where the attack lists several.
func placeFor(a *campaign.Attack, target campaign.Reference, at yamlfile.Position) yamlfile.Position {
	if len(a.Targets) > 1 {
		return target.At
	}
	return at
}

// checkTarget checks that one of an attack's targets has the capabilities that
// the attack needs.
func (p *planner) checkTarget(a *campaign.Attack, target campaign.Reference) {
	info, ok := p.info(core.KindTarget, target.Name)
	if !ok {
		return
	}
	d := Definition{core.KindTarget, target.Name}
	// report reports what the target lacks. The format has a place for its name.
	report := func(at yamlfile.Position, lacks core.Restriction, other, format string, args ...any) {
		p.report.Problem(placeFor(a, target, at), p.hint(d, lacks, other), format, append(args, p.shown(d, info, lacks))...)
	}
	if a.SystemPrompt != "" && !info.Can(core.CapabilitySystemPrompt) {
		report(target.At, can(core.CapabilitySystemPrompt), "leave system_prompt out, or attack a target that takes one",
			"attack %q sets a system prompt, which %s does not take", a.Name)
	}
	if len(a.History) > 0 && !info.Can(core.CapabilityHistory) {
		report(a.HistoryAt, can(core.CapabilityHistory), "leave history out, or attack a target that takes one",
			"attack %q begins with a history, which %s does not take", a.Name)
	}
	if Resume(a.Resume) == ResumeContinue && !info.Can(core.CapabilityHistory) {
		report(a.ResumeAt, can(core.CapabilityHistory), "write resume: restart, or attack a target that takes a history",
			"attack %q continues conversations that were cut off, but %s cannot be told what was said before", a.Name)
	}
	if len(a.ToolResults) > 0 && !info.Takes(core.ToolResult) {
		report(a.ToolResultsAt, takes(core.ToolResult), "leave tool_results out, or attack a target that takes them",
			"attack %q answers the target's tools, but %s takes no results of tools", a.Name)
	}
	if len(a.ToolResults) > 0 && !info.Can(core.CapabilityMultiTurn) {
		report(a.ToolResultsAt, can(core.CapabilityMultiTurn), "leave tool_results out, or attack a target that remembers a conversation",
			"attack %q answers the target's tools, but %s forgets that it called them", a.Name)
	}
	turns := len(a.Turns)
	if a.RedTeam != nil {
		turns = a.RedTeam.MaxTurns
	}
	if turns > 1 && !info.Can(core.CapabilityMultiTurn) {
		report(target.At, can(core.CapabilityMultiTurn), "make it one turn, or attack a target that remembers a conversation",
			"attack %q has %d turns, but %s forgets each one", a.Name, turns)
	}
	for i, t := range a.Turns {
		turn := fmt.Sprintf("turn %d of attack %q", i+1, a.Name)
		for _, capability := range t.Delivery.Needs() {
			if !info.Can(capability) {
				key, asks := deliveryWords(capability)
				report(t.DeliveryAt(capability), can(capability), fmt.Sprintf("leave %s out, or attack a target with the capability %q", key, capability),
					"%s %s, which %s cannot do", turn, asks)
			}
		}
	}
}

// deliveryWords names the key that needs a capability, and its purpose.
func deliveryWords(capability string) (key, asks string) {
	switch capability {
	case core.CapabilitySystemPromptUpdate:
		return "system_prompt", "replaces the system prompt during the conversation"
	case core.CapabilityStream:
		return "stream", "is sent at the pace of speech"
	case core.CapabilityInterrupt:
		return "interrupt", "is said over the reply before it"
	case core.CapabilityOutOfBand:
		return "out_of_band", "is asked out of band"
	default:
		return "it", fmt.Sprintf("needs %q", capability)
	}
}
