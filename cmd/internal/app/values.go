package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// values returns the parameters of a campaign, for people and for the record.
func (l *loadedCampaign) values() []store.Value {
	var all []store.Value
	for _, p := range l.campaign.Parameters {
		all = append(all, store.Value{Name: p.Name, Value: p.Value, Source: p.Source})
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
