package plan

import (
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
)

// Request is a message to a target, in a conversation of its own, before or after
// the conversation of a trial.
type Request struct {
	// Target is the name of the target in the campaign.
	Target string
	Send   string
}

// checkRequests checks that the targets of the requests before and after the trials
// of an attack take text. One that says nothing of its own need not be carried by the
// configuration of a target that takes text in others.
func (p *planner) checkRequests(a *campaign.Attack) {
	for _, r := range slices.Concat(a.BeforeTrial, a.AfterTrial) {
		d := Definition{core.KindTarget, r.Target.Name}
		info, ok := p.info(d.Kind, d.Name)
		_, restricted := p.restriction(d, takes(core.Text))
		if ok && !info.Takes(core.Text) && (!restricted || !r.SaysNothing()) {
			p.report.Problem(r.Target.At, p.hintTaking(d, info, core.Text),
				"a request before or after a trial of attack %q is a text, which %s does not take", a.Name, p.shown(d, info, takes(core.Text)))
		}
	}
}

// requests returns requests with their texts.
func (f *filler) requests(key string, requests []campaign.Request) []Request {
	var filled []Request
	for i, r := range requests {
		what := fmt.Sprintf("%s[%d] of attack %q", key, i, f.attack.Name)
		filled = append(filled, Request{Target: r.Target.Name, Send: f.text(r.Send, r.At, what).Text()})
	}
	return filled
}

// use estimates a request with a reply of so many tokens.
func (r Request) use(reply int64) use {
	return use{turns: 1, longest: 1, usage: core.Usage{InputTokens: cost.TextTokens(len(r.Send)), OutputTokens: reply}}
}
