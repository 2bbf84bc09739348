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
// of an attack take text.
func (p *planner) checkRequests(a *campaign.Attack) {
	for _, r := range slices.Concat(a.BeforeTrial, a.AfterTrial) {
		info, ok := p.info(core.KindTarget, r.Target.Name)
		if ok && !info.Takes(core.Text) {
			p.report.Problem(r.Target.At, fmt.Sprintf("the target takes %s", list(info.In)),
				"a request before or after a trial is a text, which target %q (%s) does not take", r.Target.Name, info.Name)
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
