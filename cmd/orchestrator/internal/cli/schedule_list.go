package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newScheduleListCommand(env Env) *cobra.Command {
	var dir storeFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the schedules with what is due next and what came of the last run",
		Args:  takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				states, err := s.Schedules().All(cmd.Context())
				if err != nil {
					return err
				}
				listed := []view.Schedule{}
				for _, state := range states {
					fires, err := s.Schedules().Fires(cmd.Context(), state.Name, mostFires)
					if err != nil {
						return err
					}
					listed = append(listed, view.NewSchedule(state, fires, s.Schedules().Scheduling(), env.Now()))
				}
				warnIfIdle(env.Stderr, s)
				if asJSON {
					return writeJSON(env.Stdout, listed)
				}
				if len(listed) == 0 {
					fmt.Fprintln(env.Stdout, "no schedules yet: orchestrator serve keeps those of the campaigns that it is given")
				}
				for _, l := range listed {
					l.Write(env.Stdout)
				}
				return nil
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the schedules as JSON")
	return cmd
}
