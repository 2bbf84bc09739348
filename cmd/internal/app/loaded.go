package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// loadedCampaign is a campaign that was read, with the programs of its plugins.
type loadedCampaign struct {
	campaign *campaign.Campaign
	// problems are those of the campaign itself.
	problems yamlfile.Problems
	// doubts are warnings about what is likely not meant.
	doubts yamlfile.Problems
	choice install.Choice
	// companions are those that it needs.
	companions companions
	// environment are the settings that the environment gives, or that were
	// recorded when it gave them.
	environment plan.Variables
	// selection is the part of the campaign that is held.
	selection record.Selection
	// isJudged says that the part is that of a recorded run, of which the campaign need
	// not have everything any more.
	isJudged bool
	// claim is the claim of a run that is resumed; nil for any other.
	claim *store.Claim
}

// release releases the claim.
func (l *loadedCampaign) release() {
	if l.claim != nil {
		l.claim.Release()
	}
}
