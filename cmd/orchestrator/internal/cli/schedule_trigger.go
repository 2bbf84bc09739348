package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newScheduleTriggerCommand(env Env) *cobra.Command {
	return newScheduleChange(env, "trigger", "Have serve run a campaign now, as if it were due, paused or not",
		func(ctx context.Context, s *store.Store, dir storeFlag, state schedule.State) error {
			if err := s.Schedules().RequestRun(ctx, state.Name, env.Now()); err != nil {
				return err
			}
			switch {
			case !s.Schedules().Scheduling():
				view.Lines(env.Stderr, "warning", fmt.Sprintf("no serve is running on this store: %s runs if one is started within %s", state.Name, state.Spec.Catchup))
			case !state.Served:
				view.Lines(env.Stderr, "warning", fmt.Sprintf("the serve that is running does not have this campaign: %s runs if one that has it is started within %s", state.Name, state.Spec.Catchup))
			}
			fmt.Fprintf(env.Stdout, "%s is triggered; orchestrator schedule show%s %s says what comes of it\n", state.Name, dir.flag(), state.Name)
			return nil
		})
}
