package cli

import (
	"github.com/spf13/cobra"
)

func newScheduleCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Show, pause, resume and trigger the schedules that serve runs campaigns by",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newScheduleListCommand(env),
		newScheduleShowCommand(env),
		newSchedulePauseCommand(env),
		newScheduleResumeCommand(env),
		newScheduleTriggerCommand(env),
	)
	return cmd
}
