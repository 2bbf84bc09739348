package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newScheduleResumeCommand(env Env) *cobra.Command {
	return newScheduleChange(env, "resume", "End a schedule's pause",
		func(ctx context.Context, s *store.Store, _ storeFlag, state schedule.State) error {
			if state.Pause == nil {
				fmt.Fprintf(env.Stdout, "%s was not paused\n", state.Name)
				return nil
			}
			err := s.Schedules().ResumeSchedule(ctx, state.Name)
			if err == nil {
				fmt.Fprintf(env.Stdout, "%s is not paused any more; it is due %s\n", state.Name, dueNext(state, env.Now()))
			}
			return err
		})
}

func dueNext(state schedule.State, now time.Time) string {
	next := state.Spec.Next(now)
	if next.IsZero() {
		return "never"
	}
	return next.In(state.Spec.Zone).Format(view.DueLayout)
}
