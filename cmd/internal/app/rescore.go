package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// rescore judges the recorded conversations of a run again, as a run of its
// own.
func (r recorder) rescore(ctx context.Context, spec Spec, l *loadedCampaign, catalog *host.Catalog, run *activeRun) error {
	p := run.plan
	judging, err := r.judging(ctx, run.store.Reader, spec.From, p, catalog)
	if err != nil {
		return err
	}
	open := run.options.Components.Opener
	run.plan, run.options.Replayer = judging.Plan, judging
	run.options.Components.Opener = func(targets core.Targets) core.Opener { return judging.Opener(open(targets)) }
	run.begin = func(ctx context.Context) (*store.Journal, error) {
		made, err := r.newRun(l, p, catalog)
		if err != nil {
			return nil, err
		}
		made.Plain = plainOf(judging.Plan)                    // the targets of the conversations are not asked
		made.Trials, made.Plan = len(judging.Plan.Trials), "" // it cannot be resumed
		made.Origin, made.OriginKind = spec.From.ID, store.Rescore
		return run.store.CreateRun(ctx, made)
	}
	return nil
}

// judging reads the conversations of a run, and names those that cannot be
// judged.
func (r recorder) judging(ctx context.Context, s *store.Reader, run store.Run, p *plan.Plan, catalog plan.Catalog) (*cassette.Rescoring, error) {
	trials, err := s.Trials(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	var held []cassette.Conversation
	for _, t := range trials {
		if t.Result == nil {
			continue
		}
		attempts, err := attemptsAt(ctx, s, run.ID, t)
		if err != nil {
			return nil, err
		}
		history, err := s.History(ctx, run.ID, t.ID)
		if err != nil {
			return nil, err
		}
		for _, a := range attempts {
			held = append(held, cassette.Conversation{
				TrialID: t.ID, Attempt: a.Number, Target: t.Target, SystemPrompt: t.SystemPrompt, History: history, Failure: a.Result.Failure,
			})
		}
	}
	unbound := context.WithoutCancel(ctx)
	judging, err := cassette.Rescore(p, catalog, held, func(c cassette.Conversation) ([]record.Turn, error) {
		said, err := s.Attempt(unbound, run.ID, c.TrialID, c.Attempt)
		return said.Turns, err
	})
	if err != nil {
		return nil, err
	}
	r.leftOut(judging.Unplanned, "the campaign does not have any more")
	r.leftOut(judging.Unheld, "run "+run.ID+" has not held")
	if len(judging.Plan.Trials) == 0 {
		return nil, core.Errorf(core.ErrorConfig, "run %s and the campaign %s have no trial in common", run.ID, p.Name).
			WithHint("trials are found by their IDs: the attack's name, then variant, row and number")
	}
	return judging, nil
}

// leftOut warns of trials that are not judged.
func (r recorder) leftOut(trials []string, why string) {
	if len(trials) == 0 {
		return
	}
	const shown = 5
	names, more := trials, ""
	if len(trials) > shown {
		names, more = trials[:shown], ", …"
	}
	r.log.Warn(fmt.Sprintf("not judged: %s that %s: %s%s", phrase.Count(len(trials), "trial"), why, strings.Join(names, ", "), more))
}
