package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
)

func newRunCommand(env Env) *cobra.Command {
	var (
		flags campaignFlags
		dir   storeFlag
		spec  = app.Spec{Kind: app.New}
	)
	cmd := &cobra.Command{
		Use:   "run CAMPAIGN",
		Short: "Hold every conversation of a campaign and judge the replies",
		Args:  takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			spec.File, spec.GoOn = given[0], resumeCommand(dir)
			return concluded(execute(cmd.Context(), env, flags, dir, spec))
		},
	}
	flags.register(cmd)
	flags.registerSet(cmd, env)
	dir.register(cmd, env)
	registerRecord(cmd, &spec.Record)
	registerBaseline(cmd, &spec.Baseline, &dir)
	flags.registerLog(cmd)
	flags.registerUnlocked(cmd, "run")
	return cmd
}
