package cli

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func newPluginsLockCommand(env Env) *cobra.Command {
	var flags hostFlags
	var check bool
	cmd := &cobra.Command{
		Use:   "lock CAMPAIGN...",
		Short: "Lock the plugins that campaigns use, as they are installed now",
		Long: `lock writes plugins.lock.yaml beside the campaigns: of each plugin that they use,
the highest installed version that they allow, and what its program must be.
Runs of these campaigns start nothing else. It prints what changes.`,
		Args: takes(1, math.MaxInt, "the campaigns' files"),
		RunE: func(cmd *cobra.Command, given []string) error {
			plugins, err := flags.plugins(env, env.Stderr)
			if err != nil {
				return err
			}
			found := plugins.Discover()
			folders, err := readFolders(env.Files, given)
			if err != nil {
				return err
			}
			differs := false
			for _, f := range folders {
				changed, err := f.relock(cmd.Context(), env, found, &flags, !check)
				if err != nil {
					return err
				}
				differs = differs || changed
			}
			if differs && check {
				return core.Errorf(core.ErrorConfig, "the lock is not what would be locked now").
					WithHint("orchestrator plugins lock, with the same campaigns, brings it up to date")
			}
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, and end with exit code 2 where something would change")
	return cmd
}
