package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newScheduleShowCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a schedule and what came of each time that it was due, the latest first",
		Args:  takes(1, 1, "a schedule"),

		ValidArgsFunction: completeSchedules(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				state, err := findSchedule(cmd.Context(), s, given[0])
				if err != nil {
					return err
				}
				fires, err := s.Schedules().Fires(cmd.Context(), state.Name, mostFires)
				if err != nil {
					return err
				}
				warnIfIdle(env.Stderr, s)
				view.NewSchedule(state, fires, s.Schedules().Scheduling(), env.Now()).Write(env.Stdout)
				view.Fires(env.Stdout, fires, state.Spec.Zone)
				return nil
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}
