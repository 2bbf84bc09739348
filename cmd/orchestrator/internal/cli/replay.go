package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core/store"
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
			return replayRun(cmd.Context(), env, dir, given[0])
		},
	}
	dir.register(cmd, env)
	refuseSet(cmd, "a run is replayed with the parameters that it recorded", "orchestrator run --set begins a new run")
	return cmd
}

func replayRun(ctx context.Context, env Env, dir storeFlag, name string) error {
	var run store.Run
	err := dir.read(ctx, func(s *store.Reader) (err error) {
		if run, err = app.FindRun(ctx, s, name); err != nil {
			return err
		}
		return replayable(run)
	})
	if err != nil {
		return err
	}
	again := fmt.Sprintf("orchestrator replay%s %s", dir.flag(), run.ID)
	out, err := execute(ctx, env, campaignFlags{}, dir, app.Spec{
		Kind: app.Replay, From: run, GoOn: func(string) string { return again },
	})
	if err == nil && out.Verdict != app.Interrupted {
		fmt.Fprintf(env.Stdout, "equal to run %s but for times\n", run.ID)
	}
	return concluded(out, err)
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
