package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newSchedulePauseCommand(env Env) *cobra.Command {
	var note string
	cmd := newScheduleChange(env, "pause", "Let nothing of a schedule begin until it is resumed, but what is triggered",
		func(ctx context.Context, s *store.Store, _ storeFlag, state schedule.State) error {
			err := s.Schedules().PauseSchedule(ctx, state.Name, schedule.Pause{Since: env.Now(), Why: note})
			if err == nil {
				fmt.Fprintf(env.Stdout, "%s is paused; a run that is going goes on\n", state.Name)
			}
			return err
		})
	cmd.Flags().StringVar(&note, "note", "", "why, for those who look at the list")
	return cmd
}
