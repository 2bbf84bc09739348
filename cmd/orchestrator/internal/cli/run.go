package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core/record"
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
		Long: `run holds the trials of a campaign, judges the replies and keeps all of it. CAMPAIGN
is its file, or - for the standard input; files that it names are then looked for in
the current folder.

With --only and --trials it holds a part: the cases that are named, as in the IDs of
trials, and so many trials of each. The whole campaign is checked. The trials are those
of the whole campaign, with the same IDs and seeds; the record says that the run was a
part, resume carries the same part on, and a comparison is of what both runs have.`,
		Args: takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			if err := checkSelection(cmd, spec.Selection); err != nil {
				return err
			}
			env, err := readGiven(env, given...)
			if err != nil {
				return err
			}
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
	cmd.Flags().StringArrayVar(&spec.Selection.Only, "only", nil, "hold only this part, `ATTACK[/VARIANT[/ROW]]`; may be repeated")
	cmd.Flags().IntVar(&spec.Selection.Trials, "trials", 0, "hold `N` trials of each case instead of as many as the campaign says")
	return cmd
}

// checkSelection checks what the flags select by itself.
func checkSelection(cmd *cobra.Command, s record.Selection) error {
	const most = 100_000 // as in a campaign
	if cmd.Flags().Changed("trials") && (s.Trials < 1 || s.Trials > most) {
		return usagef("--trials must be from 1 to %d, not %d", most, s.Trials).withHint("such as --trials 1, to try a campaign out")
	}
	return nil
}
