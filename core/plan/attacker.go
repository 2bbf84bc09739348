package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// checkAttacker checks that the target which writes an attack's turns has the
// capabilities for it, and that it can read the replies.
func (p *planner) checkAttacker(a *campaign.Attack) {
	if a.RedTeam == nil {
		return
	}
	name := a.RedTeam.Attacker
	attacker, ok := p.info(core.KindTarget, name.Name)
	d, prompted := Definition{core.KindTarget, name.Name}, can(core.CapabilitySystemPrompt)
	switch {
	case !ok: // already reported
	case !attacker.Takes(core.Text) || !gives(attacker, core.Text):
		p.report.Problem(name.At, p.hint(d, takes(core.Text), fmt.Sprintf("the target takes %s and gives %s", list(attacker.In), list(attacker.Out))),
			"an attacker reads and writes text, which target %q (%s) does not", name.Name, attacker.Name)
	case !attacker.Can(core.CapabilitySystemPrompt):
		p.report.Problem(name.At, p.hint(d, prompted, fmt.Sprintf("name a target with the capability %q", core.CapabilitySystemPrompt)),
			"an attacker is told what to do in its system prompt, which %s does not take", p.shown(d, attacker, prompted))
	}
	for _, t := range a.Targets {
		target, ok := p.infos[Definition{core.KindTarget, t.Name}]
		if ok && !gives(target, core.Text) {
			p.report.Problem(t.At, fmt.Sprintf("attack another target, or list the turns: it gives %s", list(target.Out)),
				"the attacker of attack %q goes by text, which target %q (%s) never gives", a.Name, t.Name, target.Name)
		}
	}
}

// turns are the turns of a trial for its estimate: an attacker's message is
// assumed to be as long as a reply.
func (t *Trial) turns(most bool) strategy.Script {
	if t.RedTeam == nil {
		return t.Turns
	}
	turns := slices.Repeat(strategy.Script{strategy.Say(core.TextValue(replyOf(most)), t.RedTeam.Converters...)}, t.RedTeam.MaxTurns)
	if t.RedTeam.Opening != "" {
		turns[0] = strategy.Say(core.TextValue(t.RedTeam.Opening), t.RedTeam.Converters...)
	}
	return turns
}

// replyOf is a text of the length of a reply.
func replyOf(most bool) string {
	tokens := shortReply
	if most {
		tokens = longReply
	}
	return strings.Repeat(" ", tokens*cost.BytesPerToken)
}

// attackerUse estimates the attacker's use in a trial. The attacker reads the
// whole conversation for each message, and again when it is asked again.
func (t *Trial) attackerUse(most bool) use {
	if t.RedTeam == nil {
		return use{}
	}
	reply, tries := int64(shortReply), 1
	turns := t.turns(most)
	if most {
		reply, tries = longReply, strategy.MaxTries
	} else if t.StopOn == StopSuccess {
		turns = turns[:1]
	}
	reads := cost.EstimateUsage(t.History, core.Message{})
	reads.InputTokens += cost.TextTokens(len(t.RedTeam.SystemPrompt()) + len(t.Objective))
	var u use
	for i, turn := range turns {
		if i > 0 || t.RedTeam.Opening == "" {
			for range tries {
				u.turns++
				u.usage = u.usage.Add(reads)
				u.usage.OutputTokens += reply
			}
		}
		reads = reads.Add(partUsage(turn.Parts[0].Value, false))
		reads.InputTokens += reply
	}
	u.longest = u.turns
	return u
}
