package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newRescoreCommand(env Env) *cobra.Command {
	var (
		flags campaignFlags
		dir   storeFlag
		file  string
	)
	cmd := &cobra.Command{
		Use:   "rescore RUN",
		Short: "Judge the conversations of a run again, without holding them again",
		Long: `rescore judges the conversations that a finished run has recorded by the scorers
and success expressions of a campaign's file as it is now: that of the run, or the
one that --campaign names. Nothing is sent to the targets that the conversations
were held with. Models that scorers ask are asked.

The result is a run of its own. Trials are found by their IDs; those that only the
run or only the campaign has are named, and left out. Every turn that was recorded
is judged, whatever stop_on says; a conversation that ended before the turns did is
no proof of a defence.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return concluded(rescoreRun(cmd.Context(), env, flags, dir, given[0], file))
		},
	}
	flags.register(cmd)
	flags.registerSet(cmd, env)
	dir.register(cmd, env)
	cmd.Flags().StringVar(&file, "campaign", "", "the campaign's `file` whose scorers judge; that of the run unless it is given")
	flags.registerUnlocked(cmd, "judge")
	return cmd
}

func rescoreRun(ctx context.Context, env Env, flags campaignFlags, dir storeFlag, name, file string) (out app.Outcome, err error) {
	var run store.Run
	err = dir.read(ctx, func(s *store.Reader) error {
		run, err = app.FindRun(ctx, s, name)
		return err
	})
	if err != nil {
		return out, err
	}
	if run.Status != store.Finished {
		return out, usagef("run %s is not finished: it is %s", run.ID, run.Status).withHint("orchestrator resume %s finishes it", run.ID)
	}
	if file = cmp.Or(file, run.Path); file == "" {
		return out, usagef("where the campaign's file of run %s was is not recorded", run.ID).withHint("--campaign names one")
	}
	again := fmt.Sprintf("orchestrator rescore%s %s", dir.flag(), run.ID)
	return execute(ctx, env, flags, dir, app.Spec{Kind: app.Rescore, File: file, From: run, GoOn: func(string) string { return again }})
}
