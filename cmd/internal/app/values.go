package app

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// fillIn puts settings in to the campaign that it leaves out: those of the
// environment, or for a run that is resumed those that were recorded.
func (p *Planner) fillIn(l *loadedCampaign, catalog plan.Catalog) {
	if l.claim != nil {
		l.environment.Filled = filledOf(l.claim.Run)
		l.campaign = plan.Refill(l.campaign, l.environment.Filled)
		return
	}
	l.campaign, l.environment = plan.FillIn(l.campaign, catalog, p.Secrets.lookup)
}

// filledOf returns the settings that the environment gave for a run.
func filledOf(run store.Run) []plan.Filled {
	var all []plan.Filled
	for _, v := range run.Values {
		var d plan.Definition
		if _, err := fmt.Sscanf(v.Definition, "%s %q", &d.Kind, &d.Name); err == nil {
			all = append(all, plan.Filled{Definition: d, Path: v.Name, Value: v.Value, Source: v.Source})
		}
	}
	return all
}

// warnings returns what is said of secrets that components do not get, and of settings
// without effect.
func (l *loadedCampaign) warnings(p *plan.Plan) []string {
	var all []string
	for _, w := range l.environment.Withheld {
		all = append(all, w.String())
	}
	for _, d := range p.NeedlesslyPlain() {
		all = append(all, fmt.Sprintf("%s: insecure_plain: true has no effect: all its addresses have TLS, or are on this machine", d))
	}
	return all
}

// values returns the parameters of a campaign and the settings that the environment
// gives, for people and for the record.
func (l *loadedCampaign) values() []store.Value {
	var all []store.Value
	for _, p := range l.campaign.Parameters {
		all = append(all, store.Value{Name: p.Name, Value: p.Value, Source: p.Source})
	}
	for _, f := range l.environment.Filled {
		all = append(all, store.Value{Definition: f.String(), Name: f.Path, Value: f.Value, Source: f.Source})
	}
	return all
}

// settingsOf returns the recorded values of a run's parameters. Optional ones give
// way to what the user gives, and may be of parameters that are not there any more.
func settingsOf(run store.Run, optional bool) []campaign.Setting {
	var all []campaign.Setting
	for _, v := range run.Values {
		if v.Definition == "" {
			all = append(all, campaign.Setting{Name: v.Name, Value: v.Value, Source: v.Source, Optional: optional})
		}
	}
	return all
}
