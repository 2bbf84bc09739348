package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
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

func newScheduleListCommand(env Env) *cobra.Command {
	var dir storeFlag
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the schedules with what is due next and what came of the last run",
		Args:  takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dir.read(cmd.Context(), func(s *store.Store) error {
				states, err := s.Schedules(cmd.Context())
				if err != nil {
					return err
				}
				listed := []view.Schedule{}
				for _, state := range states {
					fires, err := s.Fires(cmd.Context(), state.Name, mostFires)
					if err != nil {
						return err
					}
					listed = append(listed, view.NewSchedule(state, fires, s.Scheduling(), env.Now()))
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

// mostFires is how many due times are looked back at.
const mostFires = 50

// warnIfIdle warns that nothing begins by itself.
func warnIfIdle(w io.Writer, s *store.Store) {
	if !s.Scheduling() {
		view.Lines(w, "warning", "no serve is running on this store: nothing begins by itself")
	}
}

func newScheduleShowCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a schedule and what came of each time that it was due, the latest first",
		Args:  takes(1, 1, "a schedule"),

		ValidArgsFunction: completeSchedules(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return dir.read(cmd.Context(), func(s *store.Store) error {
				state, err := findSchedule(cmd.Context(), s, given[0])
				if err != nil {
					return err
				}
				fires, err := s.Fires(cmd.Context(), state.Name, mostFires)
				if err != nil {
					return err
				}
				warnIfIdle(env.Stderr, s)
				view.NewSchedule(state, fires, s.Scheduling(), env.Now()).Write(env.Stdout)
				view.Fires(env.Stdout, fires, state.Spec.Zone)
				return nil
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func newSchedulePauseCommand(env Env) *cobra.Command {
	var note string
	cmd := newScheduleChange(env, "pause", "Let nothing of a schedule begin until it is resumed, but what is triggered",
		func(ctx context.Context, s *store.Store, _ storeFlag, state schedule.State) error {
			err := s.PauseSchedule(ctx, state.Name, schedule.Pause{Since: env.Now(), Why: note})
			if err == nil {
				fmt.Fprintf(env.Stdout, "%s is paused; a run that is going goes on\n", state.Name)
			}
			return err
		})
	cmd.Flags().StringVar(&note, "note", "", "why, for those who look at the list")
	return cmd
}

func newScheduleResumeCommand(env Env) *cobra.Command {
	return newScheduleChange(env, "resume", "End a schedule's pause",
		func(ctx context.Context, s *store.Store, _ storeFlag, state schedule.State) error {
			if state.Pause == nil {
				fmt.Fprintf(env.Stdout, "%s was not paused\n", state.Name)
				return nil
			}
			err := s.ResumeSchedule(ctx, state.Name)
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

func newScheduleTriggerCommand(env Env) *cobra.Command {
	return newScheduleChange(env, "trigger", "Have serve run a campaign now, as if it were due, paused or not",
		func(ctx context.Context, s *store.Store, dir storeFlag, state schedule.State) error {
			if err := s.RequestRun(ctx, state.Name, env.Now()); err != nil {
				return err
			}
			switch {
			case !s.Scheduling():
				view.Lines(env.Stderr, "warning", fmt.Sprintf("no serve is running on this store: %s runs if one is started within %s", state.Name, state.Spec.Catchup))
			case !state.Served:
				view.Lines(env.Stderr, "warning", fmt.Sprintf("the serve that is running does not have this campaign: %s runs if one that has it is started within %s", state.Name, state.Spec.Catchup))
			}
			fmt.Fprintf(env.Stdout, "%s is triggered; orchestrator schedule show%s %s says what comes of it\n", state.Name, dir.flag(), state.Name)
			return nil
		})
}

// newScheduleChange returns a command that changes a schedule in the store, where a
// serve that is running finds it.
func newScheduleChange(env Env, verb, short string, do func(context.Context, *store.Store, storeFlag, schedule.State) error) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Args:  takes(1, 1, "a schedule"),

		ValidArgsFunction: completeSchedules(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			var state schedule.State
			err := dir.read(cmd.Context(), func(s *store.Store) (err error) {
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

// findSchedule reads the schedule that somebody named on the command line.
func findSchedule(ctx context.Context, s *store.Store, name string) (schedule.State, error) {
	states, err := s.Schedules(ctx)
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
		_ = dir.read(cmd.Context(), func(s *store.Store) error {
			states, err := s.Schedules(cmd.Context())
			for _, state := range states {
				if len(given) == 0 {
					found = append(found, state.Name)
				}
			}
			return err
		}) // a shell has nowhere to show an error
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}
