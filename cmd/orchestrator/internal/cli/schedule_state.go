package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// mostFires is the number of due times that are read.
const mostFires = 50

// warnIfIdle warns that no serve process uses the store, so that no run begins.
func warnIfIdle(w io.Writer, s *store.Reader) {
	if !s.Schedules().Scheduling() {
		view.Lines(w, "warning", "no serve is running on this store: nothing begins by itself")
	}
}

// newScheduleChange returns a command that changes a schedule in the store; a
// running serve process reads the change.
func newScheduleChange(env Env, verb, short string, do func(context.Context, *store.Store, storeFlag, schedule.State) error) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Args:  takes(1, 1, "a schedule"),

		ValidArgsFunction: completeSchedules(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			var state schedule.State
			err := dir.read(cmd.Context(), func(s *store.Reader) (err error) {
				state, err = findSchedule(cmd.Context(), s, given[0])
				return err
			})
			if err != nil {
				return err
			}
			return dir.use(cmd.Context(), func(s *store.Store) error { return do(cmd.Context(), s, dir, state) })
		},
	}
	dir.register(cmd, env)
	return cmd
}

// findSchedule reads the schedule with a name from the command line.
func findSchedule(ctx context.Context, s *store.Reader, name string) (schedule.State, error) {
	states, err := s.Schedules().All(ctx)
	if err != nil {
		return schedule.State{}, err
	}
	var known []string
	for _, state := range states {
		if state.Name == name {
			return state, nil
		}
		known = append(known, state.Name)
	}
	return schedule.State{}, usagef("no schedule %q is known to %s", name, s.Dir()).
		withHint("a schedule has the name of its campaign, and is known once serve has begun with it").suggesting(name, known)
}

// completeSchedules proposes the names of schedules.
func completeSchedules(dir *storeFlag) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		_ = dir.read(cmd.Context(), func(s *store.Reader) error {
			states, err := s.Schedules().All(cmd.Context())
			for _, state := range states {
				if len(given) == 0 {
					found = append(found, state.Name)
				}
			}
			return err
		}) // a shell cannot show an error
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}
