package app

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// readRecorded reads a run's campaign from its record.
func readRecorded(ctx context.Context, s *store.Reader, run store.Run) (*campaign.Campaign, yamlfile.Problems, error) {
	stored, err := s.Files(ctx, run.ID)
	if err != nil {
		return nil, nil, err
	}
	var files []campaign.File
	for _, f := range stored {
		files = append(files, campaign.File(f))
	}
	c, err := campaign.ReadRecorded(run.Source, files, run.Path, campaign.Given{Settings: settingsOf(run, false)})
	if c == nil {
		return nil, nil, core.Errorf(core.ErrorInternal, "%w", err)
	}
	problems, _ := errors.AsType[yamlfile.Problems](err)
	return c, problems, nil
}
