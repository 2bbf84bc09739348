package app

import (
	"context"
	"errors"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// replayOf is the record of a run that replays another one.
func (r recorder) replayOf(run store.Run, files []store.File, trials int) store.Run {
	return store.Run{
		Campaign: run.Campaign, File: run.File, Path: run.Path, Source: run.Source, Files: files,
		Authorization: run.Authorization, Values: run.Values, Trials: trials, Selection: run.Selection, Version: r.version, Started: time.Now(),
		Origin: run.ID, OriginKind: store.Replay,
	}
}

// replayedPlan plans a recorded run's campaign with the recorded descriptions
// of its components.
func replayedPlan(ctx context.Context, s *store.Reader, run store.Run) (*plan.Plan, *campaign.Campaign, error) {
	recorded, problems, err := readRecorded(ctx, s, run)
	if err != nil {
		return nil, nil, err
	}
	recorded = plan.Refill(recorded, filledOf(run))
	catalog, err := s.Components(ctx, run.ID)
	if err != nil {
		return nil, nil, err
	}
	// A replay runs no program and reads no file that the campaign names.
	p, err := plan.New(recorded, catalog, plan.Options{AllowCommands: true, AllowFile: func(string) error { return nil }, Selection: run.Selection})
	if wrong, ok := errors.AsType[yamlfile.Problems](err); ok || len(problems) > 0 {
		return nil, nil, CampaignError{append(problems, wrong...).Sorted(), recorded.Source}
	}
	if now := p.Fingerprint(); now != run.Plan {
		return nil, nil, core.Errorf(core.ErrorConfig, "run %s is not replayed: its campaign comes to other trials now (recorded plan %s, now %s)", run.ID, phrase.ShortSum(run.Plan), phrase.ShortSum(now)).
			WithHint("replay it with orchestrator %s", run.Version)
	}
	return cassette.Detached(p), recorded, nil
}
