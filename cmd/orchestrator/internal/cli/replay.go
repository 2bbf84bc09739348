package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func newReplayCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "replay RUN",
		Short: "Hold a recorded run again, without network, plugins and secrets",
		Long: `replay holds a finished run again that was made with "orchestrator run --record".
Whatever a target, converter or scorer answered comes from the record: no plugin is
started, no connection opened, and no secret needed. What is said next, and how each
trial ends, is decided anew.

The replay is a run of its own. It is compared with the recorded one and has to be
equal to it, but for times: a message that is not the recorded one is an error that
says where and how it differs. The exit code is that of the recorded run, and 3
where the replay is not equal to it.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return replayRun(cmd.Context(), newConduct(env, campaignFlags{}, dir), given[0])
		},
	}
	dir.register(cmd, env)
	return cmd
}

func replayRun(ctx context.Context, c *conduct, name string) (err error) {
	defer func() { err = errors.Join(err, c.log.Close()) }()
	var run store.Run
	err = c.dir.read(ctx, func(s *store.Store) error {
		if run, err = findRun(ctx, s, name); err != nil {
			return err
		}
		return replayable(run)
	})
	if err != nil {
		return err
	}
	return c.dir.use(ctx, func(s *store.Store) error { return c.replay(ctx, s, run) })
}

// replayable returns why a run cannot be replayed.
func replayable(run store.Run) error {
	switch {
	case !run.Recorded:
		return usagef("run %s was not recorded call by call", run.ID).withHint("orchestrator run --record makes a run that can be replayed")
	case run.Status != store.Finished:
		return usagef("run %s is not finished: it is %s", run.ID, run.Status).withHint("orchestrator resume %s finishes it", run.ID)
	case run.Plan == "":
		return usagef("run %s was kept without the files of its campaign", run.ID).withHint("there is a secret in one of them")
	}
	return nil
}

func (c *conduct) replay(ctx context.Context, s *store.Store, run store.Run) error {
	p, recorded, err := replayedPlan(ctx, s, run)
	if err != nil {
		return err
	}
	begin := func(ctx context.Context) (*store.Journal, error) {
		return s.CreateRun(ctx, store.Run{
			Campaign: run.Campaign, File: run.File, Path: run.Path, Source: run.Source, Files: filesOf(recorded),
			Authorization: run.Authorization, Trials: len(p.Trials), Version: version(), Started: c.env.Now(),
			Origin: run.ID, OriginKind: store.Replay,
		})
	}
	rec := &recording{
		runRecord: runRecord{store: s, begin: begin, again: fmt.Sprintf("orchestrator replay%s %s", c.dir.flag(), run.ID)},
		screen:    c.screen, dir: c.dir, watch: c.watchAlone(),
	}
	unbound := context.WithoutCancel(ctx)
	player := cassette.NewPlayer(func(trial string) ([]record.RecordedCall, error) { return s.Calls(unbound, run.ID, trial) })
	held := c.hold(ctx, p, engine.Options{Resolver: player.Resolver, Replayer: player}, rec, rec.watch.close)
	if concluded, ok := errors.AsType[conclusion](held); held != nil && (!ok || concluded.code == exitInterrupted) {
		return held
	}
	if err := sameRecord(ctx, s, run.ID, rec.journal.Run()); err != nil {
		return err
	}
	fmt.Fprintf(c.env.Stdout, "equal to run %s but for times\n", run.ID)
	return held
}

// replayedPlan plans a recorded run's campaign, which it returns too, by what was known of its components
// then.
func replayedPlan(ctx context.Context, s *store.Store, run store.Run) (*plan.Plan, *campaign.Campaign, error) {
	recorded, problems, err := readRecorded(ctx, s, run)
	if err != nil {
		return nil, nil, err
	}
	catalog, err := s.Components(ctx, run.ID)
	if err != nil {
		return nil, nil, err
	}
	// Nothing is run or read, whatever the campaign names.
	p, err := plan.New(recorded, catalog, plan.Options{AllowCommands: true, AllowFile: func(string) error { return nil }})
	if wrong, ok := errors.AsType[yamlfile.Problems](err); ok || len(problems) > 0 {
		return nil, nil, wrongCampaign{append(problems, wrong...).Sorted(), recorded.Source}
	}
	if now := p.Fingerprint(); now != run.Plan {
		return nil, nil, core.Errorf(core.ErrorConfig, "run %s is not replayed: its campaign comes to other trials now (recorded plan %s, now %s)", run.ID, prefix(run.Plan), prefix(now)).
			WithHint("replay it with orchestrator %s", run.Version)
	}
	return cassette.Detached(p), recorded, nil
}
