package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// loadedCampaign is a campaign that has been read, and the programs it would run with.
type loadedCampaign struct {
	campaign *campaign.Campaign
	// problems are those of the campaign itself.
	problems yamlfile.Problems
	choice   install.Choice
	// claim is the run that is resumed; nil for any other.
	claim *store.Claim
}

// release gives the claim up.
func (l *loadedCampaign) release() {
	if l.claim != nil {
		l.claim.Release()
	}
}
