package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// claim claims a run that was stopped, so that no other process resumes it, and
// reads its campaign from its record.
func claim(ctx context.Context, spec Spec, runs *lazyStore) (*loadedCampaign, error) {
	run := spec.From
	if run.Plan == "" { // reported before anything is written, even a migration
		return nil, refused(fmt.Errorf("resuming the run %s: %w", run.ID, store.ErrNotResumable))
	}
	s, err := runs.get(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := s.Claim(ctx, run.ID, spec.Again...)
	if err != nil {
		return nil, refused(err)
	}
	recorded, problems, err := readRecorded(ctx, s.Reader, claim.Run)
	if err != nil {
		claim.Release()
		return nil, err
	}
	return &loadedCampaign{campaign: recorded, problems: problems, claim: claim, selection: claim.Run.Selection}, nil
}

// refused adds a hint to the error of a run that cannot be resumed.
func refused(err error) error {
	switch {
	case errors.Is(err, store.ErrRunning):
		return core.Errorf(core.ErrorConfig, "%w", err).WithHint("wait for it, or stop that process first")
	case errors.Is(err, store.ErrFinished):
		return core.Errorf(core.ErrorConfig, "%w", err).WithHint("orchestrator show shows what came of it")
	case errors.Is(err, store.ErrNotResumable):
		return core.Errorf(core.ErrorConfig, "%w", err).WithHint("orchestrator run begins a new run")
	}
	return err
}

// resume continues the record with the trials that have no outcome, and those that are
// to be held again.
func (r recorder) resume(spec Spec, l *loadedCampaign, catalog *host.Catalog, run *activeRun) error {
	recorded := l.claim.Run
	changed, err := r.changedFiles(l.campaign)
	if err != nil {
		return err
	}
	changed = append(changed, changedPlugins(recorded.Plugins, pluginsOf(run.plan, catalog, l.choice))...)
	if err := r.accept(recorded, run.plan, changed, spec.AllowChanged); err != nil {
		return err
	}
	if run.options.Done, err = r.done(l.claim, run.plan, spec.Again); err != nil {
		return err
	}
	run.options.Attempts, run.options.Recording.Calls = l.claim.Attempts, recorded.Recorded
	run.begin = func(ctx context.Context) (*store.Journal, error) {
		return l.claim.Resume(ctx, store.Session{Version: r.version, Allowed: changed, Again: spec.Again, Started: time.Now()})
	}
	return nil
}

// done returns the outcomes of the trials that are not held again. A trial that has
// taken as many attempts as the campaign allows is not; where that is so of all, it
// fails.
func (r recorder) done(claim *store.Claim, p *plan.Plan, again []core.Outcome) (map[string]core.Outcome, error) {
	done, chosen, spent, limit := map[string]core.Outcome{}, 0, 0, p.Evidence.MaxAttempts
	for trial, outcome := range claim.Outcomes {
		held := claim.Attempts[trial].Held
		switch {
		case !slices.Contains(again, outcome):
			done[trial] = outcome
		case limit > 0 && held >= limit:
			done[trial] = outcome
			spent++
		default:
			chosen++
		}
	}
	if spent == 0 {
		return done, nil
	}
	why := fmt.Sprintf("run %s: %s had %s, which is what evidence.max_attempts allows", claim.Run.ID, phrase.Count(spent, "trial"), phrase.Count(limit, "attempt"))
	if open := len(p.Trials) - len(claim.Outcomes); chosen == 0 && open == 0 {
		return nil, core.Errorf(core.ErrorConfig, "%s", why).
			WithHint("a verdict that takes more attempts is none: orchestrator run begins a new run, and with --only of these trials alone")
	}
	r.log.Warn(why + "; what came of the last one stays")
	return done, nil
}

// accept returns an error for changes since the run began, unless the user
// allows them. Trials of another plan are never mixed with those of the run.
func (r recorder) accept(run store.Run, p *plan.Plan, changed []string, allow bool) error {
	if len(changed) > 0 && !allow {
		var errs []error
		for _, change := range changed {
			errs = append(errs, core.Errorf(core.ErrorConfig, "%s", change))
		}
		return errors.Join(append(errs, core.Errorf(core.ErrorConfig, "run %s is not resumed: %s since it began", run.ID, haveChanged(len(changed))).
			WithHint("--allow-changed goes on with the campaign as it was recorded, and records the difference; orchestrator run begins a new run"))...)
	}
	for _, change := range changed {
		r.log.Warn(change)
	}
	if now := p.Fingerprint(); now != run.Plan {
		return core.Errorf(core.ErrorConfig, "run %s is not resumed: its campaign comes to other trials now (recorded plan %s, now %s)", run.ID, phrase.ShortSum(run.Plan), phrase.ShortSum(now)).
			WithHint("resume it with orchestrator %s and the plugins that it began with", run.Version)
	}
	return nil
}

func haveChanged(n int) string {
	if n == 1 {
		return "one thing has changed"
	}
	return fmt.Sprintf("%d things have changed", n)
}
