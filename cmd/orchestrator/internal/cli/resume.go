package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newResumeCommand(env Env) *cobra.Command {
	var (
		flags    campaignFlags
		dir      storeFlag
		allow    bool
		baseline string
	)
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Carry a run on that was stopped, whatever stopped it",
		Long: `resume holds the trials of a run that have no outcome, by the campaign as the run
recorded it. Finished trials are not repeated; the conversations of those that
were begun start again. Secrets are looked up again, and the flags that the run
needed are needed again.

It refuses to go on with a campaign's file or with plugins that are no longer
those of the record, and shows what differs.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return resumeRun(cmd.Context(), newConduct(env, flags, dir).comparedWith(baseline), given[0], allow)
		},
	}
	flags.register(cmd)
	dir.register(cmd, env)
	registerBaseline(cmd, &baseline, &dir)
	flags.registerLog(cmd)
	cmd.Flags().BoolVar(&flags.allowUnlocked, "allow-unlocked", false, "go on with third-party plugins as they are installed, whatever the lock says")
	cmd.Flags().BoolVar(&allow, "allow-changed", false, "go on although the campaign's file or a plugin has changed, and record it; the recorded campaign holds")
	return cmd
}

func resumeRun(ctx context.Context, c *conduct, name string, allow bool) (err error) {
	defer func() { err = errors.Join(err, c.log.Close()) }()
	var run store.Run
	err = c.dir.read(ctx, func(s *store.Store) error {
		if run, err = findRun(ctx, s, name); err != nil || run.Status != store.Finished {
			return err
		}
		return c.concludeAgain(ctx, s, run)
	})
	if err != nil || run.Status == store.Finished {
		return err
	}
	if run.Origin != "" {
		return usagef("run %s was made from the record of run %s, and is not resumed", run.ID, run.Origin).
			withHint("orchestrator %s%s %s makes it again", run.OriginKind, c.dir.flag(), run.Origin)
	}
	if run.Plan == "" { // said before anything is written, were it only new tables
		return refused(fmt.Errorf("resuming the run %s: %w", run.ID, store.ErrNotResumable))
	}
	return c.dir.use(ctx, func(s *store.Store) error {
		claim, err := s.Claim(ctx, run.ID)
		if err != nil {
			return refused(err)
		}
		defer claim.Release()
		return c.carryOn(ctx, s, claim, allow)
	})
}

// refused adds to why a run cannot be resumed what can be done about it.
func refused(err error) error {
	switch {
	case errors.Is(err, store.ErrRunning):
		return usagef("%w", err).withHint("wait for it, or stop that process first")
	case errors.Is(err, store.ErrFinished):
		return usagef("%w", err).withHint("orchestrator show shows what came of it")
	case errors.Is(err, store.ErrNotResumable):
		return usagef("%w", err).withHint("orchestrator run begins a new run")
	}
	return err
}

// concludeAgain says of a finished run what was said when it ended.
func (c *conduct) concludeAgain(ctx context.Context, s *store.Store, run store.Run) error {
	fmt.Fprintf(c.env.Stderr, "run %s is finished: nothing is left to do\n", run.ID)
	recorded, problems, err := readRecorded(ctx, s, run)
	if recorded == nil {
		return errors.Join(problems, err)
	}
	counts, err := s.Counts(ctx, run.ID)
	if err != nil {
		return err
	}
	summary := record.Summary{Planned: run.Trials, Tally: total(rowsOf(counts)).tally, Duration: run.Ended.Sub(run.Started)}
	c.verdict, err = concludeRun(c.env, recorded.Name, plan.Evidence(recorded.Evidence), summary, run.ID, counts, c.dir, "", nil)
	return err
}

// readRecorded reads a run's campaign from its record.
func readRecorded(ctx context.Context, s *store.Store, run store.Run) (*campaign.Campaign, yamlfile.Problems, error) {
	stored, err := s.Files(ctx, run.ID)
	if err != nil {
		return nil, nil, err
	}
	var files []campaign.File
	for _, f := range stored {
		files = append(files, campaign.File(f))
	}
	c, err := campaign.ReadRecorded(run.Source, files, run.Path)
	if c == nil {
		return nil, nil, core.Errorf(core.ErrorInternal, "%w", err)
	}
	problems, _ := errors.AsType[yamlfile.Problems](err)
	return c, problems, nil
}

// carryOn holds the trials of a run that have no outcome.
func (c *conduct) carryOn(ctx context.Context, s *store.Store, claim *store.Claim, allow bool) error {
	run := claim.Run
	recorded, problems, err := readRecorded(ctx, s, run)
	if err != nil {
		return err
	}
	r, err := c.flags.choose(c.env, c.log, recorded, problems)
	if err != nil {
		return err
	}
	changed, err := c.changedFiles(recorded)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, r, func(p *plan.Plan, catalog *host.Catalog, hold func(runRecord) error) error {
		changed := append(changed, changedPlugins(run.Plugins, pluginsOf(p, catalog, r.choice))...)
		if err := c.accept(run, p, changed, allow); err != nil {
			return err
		}
		return hold(runRecord{store: s, done: claim.Outcomes, calls: run.Recorded, begin: func(ctx context.Context) (*store.Journal, error) {
			return claim.Resume(ctx, store.Session{Version: version(), Allowed: changed, Started: c.env.Now()})
		}})
	})
}

// accept refuses to go on with what has changed, unless the user allows it. Trials
// of another plan are never mixed with those of the run.
func (c *conduct) accept(run store.Run, p *plan.Plan, changed []string, allow bool) error {
	if len(changed) > 0 && !allow {
		var errs []error
		for _, change := range changed {
			errs = append(errs, core.Errorf(core.ErrorConfig, "%s", change))
		}
		return errors.Join(append(errs, core.Errorf(core.ErrorConfig, "run %s is not resumed: %s changed since it began", run.ID, have(len(changed))).
			WithHint("--allow-changed goes on with the campaign as it was recorded, and records the difference; orchestrator run begins a new run"))...)
	}
	for _, change := range changed {
		fmt.Fprintf(c.log, "orchestrator: warning: %s\n", change)
	}
	if now := p.Fingerprint(); now != run.Plan {
		return core.Errorf(core.ErrorConfig, "run %s is not resumed: its campaign comes to other trials now (recorded plan %s, now %s)", run.ID, prefix(run.Plan), prefix(now)).
			WithHint("resume it with orchestrator %s and the plugins that it began with", run.Version)
	}
	return nil
}

func have(n int) string {
	if n == 1 {
		return "one thing has"
	}
	return fmt.Sprintf("%d things have", n)
}
