package plan

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// checkTarget checks that an attack's target has the capabilities that the
// attack needs.
func (p *planner) checkTarget(a *campaign.Attack) {
	info, ok := p.info(core.KindTarget, a.Target.Name)
	if !ok {
		return
	}
	d := Definition{core.KindTarget, a.Target.Name}
	if a.SystemPrompt != "" && !info.Can(core.CapabilitySystemPrompt) {
		p.report.Problem(a.Target.At, "leave system_prompt out, or attack a target that takes one",
			"attack %q sets a system prompt, which %s (%s) does not take", a.Name, d, info.Name)
	}
	if len(a.History) > 0 && !info.Can(core.CapabilityHistory) {
		p.report.Problem(a.HistoryAt, "leave history out, or attack a target that takes one",
			"attack %q begins with a history, which %s (%s) does not take", a.Name, d, info.Name)
	}
	if Resume(a.Resume) == ResumeContinue && !info.Can(core.CapabilityHistory) {
		p.report.Problem(a.ResumeAt, "write resume: restart, or attack a target that takes a history",
			"attack %q continues conversations that were cut off, but %s (%s) cannot be told what was said before", a.Name, d, info.Name)
	}
	if len(a.ToolResults) > 0 && !info.Takes(core.ToolResult) {
		p.report.Problem(a.ToolResultsAt, "leave tool_results out, or attack a target that takes them",
			"attack %q answers the target's tools, but %s (%s) takes no results of tools", a.Name, d, info.Name)
	}
	if len(a.ToolResults) > 0 && !info.Can(core.CapabilityMultiTurn) {
		p.report.Problem(a.ToolResultsAt, "leave tool_results out, or attack a target that remembers a conversation",
			"attack %q answers the target's tools, but %s (%s) forgets that it called them", a.Name, d, info.Name)
	}
	turns := len(a.Turns)
	if a.RedTeam != nil {
		turns = a.RedTeam.MaxTurns
	}
	if turns > 1 && !info.Can(core.CapabilityMultiTurn) {
		p.report.Problem(a.Target.At, "make it one turn, or attack a target that remembers a conversation",
			"attack %q has %d turns, but %s (%s) forgets each one", a.Name, turns, d, info.Name)
	}
	for i, t := range a.Turns {
		p.checkDelivery(t, fmt.Sprintf("turn %d of attack %q", i+1, a.Name), d, info)
	}
}

// checkDelivery checks that the target supports a turn's delivery.
func (p *planner) checkDelivery(t campaign.Turn, turn string, d Definition, info core.Info) {
	for _, capability := range t.Delivery.Needs() {
		if info.Can(capability) {
			continue
		}
		key, asks := deliveryWords(capability)
		p.report.Problem(t.DeliveryAt(capability), fmt.Sprintf("leave %s out, or attack a target with the capability %q", key, capability),
			"%s %s, which %s (%s) cannot do", turn, asks, d, info.Name)
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
