package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
				listed := []listedSchedule{}
				for _, state := range states {
					one, err := listSchedule(cmd.Context(), s, state, env.Now())
					if err != nil {
						return err
					}
					listed = append(listed, one)
				}
				warnIfIdle(env.Stderr, s)
				if asJSON {
					encoder := json.NewEncoder(env.Stdout)
					encoder.SetIndent("", "  ")
					return encoder.Encode(listed)
				}
				if len(listed) == 0 {
					fmt.Fprintln(env.Stdout, "no schedules yet: orchestrator serve keeps those of the campaigns that it is given")
				}
				for _, l := range listed {
					l.write(env.Stdout)
				}
				return nil
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the schedules as JSON")
	return cmd
}

// warnIfIdle warns that nothing begins by itself.
func warnIfIdle(w io.Writer, s *store.Store) {
	if !s.Scheduling() {
		printLines(w, "warning", "no serve is running on this store: nothing begins by itself")
	}
}

// listedSchedule is what list says of a schedule.
type listedSchedule struct {
	Name    string      `json:"name"`
	File    string      `json:"file"`
	Cron    string      `json:"cron"`
	Zone    string      `json:"zone"`
	Overlap string      `json:"overlap"`
	Catchup string      `json:"catchup_window"`
	Jitter  string      `json:"jitter"`
	Served  bool        `json:"served"`
	Next    []time.Time `json:"next"`
	// LeftOut is what was last skipped or missed since Last.
	LeftOut *listedFire  `json:"left_out,omitempty"`
	Going   []listedFire `json:"going,omitempty"`
	Last    *listedFire  `json:"last,omitempty"`
	Paused  *listedPause `json:"paused,omitempty"`
}

type listedPause struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// listedFire is what is said of a due time.
type listedFire struct {
	Due     time.Time `json:"due"`
	Manual  bool      `json:"manual"`
	Status  string    `json:"status"`
	Run     string    `json:"run,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Why     string    `json:"why,omitempty"`
}

func listFire(f schedule.Fire, zone *time.Location) listedFire {
	l := listedFire{f.Due.In(zone), f.Manual, string(f.Status), f.Run, string(f.Outcome), f.Why}
	if f.Begun.IsZero() {
		l.Run = "" // there is no such run
	}
	return l
}

func listSchedule(ctx context.Context, s *store.Store, state schedule.State, now time.Time) (listedSchedule, error) {
	spec := state.Spec
	l := listedSchedule{
		Name: state.Name, File: state.File, Cron: spec.Cron.String(), Zone: spec.Zone.String(), Overlap: string(spec.Overlap),
		Catchup: spec.Catchup.String(), Jitter: spec.Jitter.String(), Served: state.Served && s.Scheduling(), Next: []time.Time{},
	}
	const enough = 3
	for due := spec.Next(now); !due.IsZero() && len(l.Next) < enough; due = spec.Next(due) {
		l.Next = append(l.Next, due.In(spec.Zone))
	}
	if state.Pause != nil {
		l.Paused = &listedPause{state.Pause.Since, state.Pause.Why}
	}
	for _, f := range state.Open {
		l.Going = append(l.Going, listFire(f, spec.Zone))
	}
	fires, err := s.Fires(ctx, state.Name, mostFires)
	for _, f := range fires {
		one := listFire(f, spec.Zone)
		switch ran := one.Run != "" || f.Status == schedule.Failed; {
		case f.Status.Open():
		case ran && l.Last == nil:
			l.Last = &one
		case !ran && l.Last == nil && l.LeftOut == nil:
			l.LeftOut = &one
		}
	}
	return l, err
}

// mostFires is how many due times are looked back at.
const mostFires = 50

const dueLayout = "Mon 2 Jan 2006 15:04 MST"

func (l listedSchedule) write(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-7s  %s\n", name, indented(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(w, "%s\n", l.Name)
	line("file", "%s", l.File)
	line("when", "%s %s; overlap %s, catchup_window %s, jitter %s", l.Cron, l.Zone, l.Overlap, l.Catchup, l.Jitter)
	var next []string
	for _, due := range l.Next {
		next = append(next, due.Format(dueLayout))
	}
	line("next", "%s", cmp.Or(strings.Join(next, ", "), "never"))
	if l.Paused != nil {
		line("paused", "since %s: %s", l.Paused.Since.Local().Format(time.RFC3339), cmp.Or(l.Paused.Why, "no note"))
	}
	if !l.Served {
		line("served", "no: no serve that is running has this campaign")
	}
	for _, f := range l.Going {
		line("now", "%s", f)
	}
	if l.LeftOut != nil {
		line("not run", "%s", l.LeftOut)
	}
	if l.Last != nil {
		line("last", "%s", l.Last)
	}
}

func (f listedFire) String() string {
	s := f.Status
	if f.Run != "" {
		s += " run " + f.Run
	}
	s += ", due " + f.Due.Format(dueLayout)
	if f.Manual {
		s += ", triggered"
	}
	if f.Why != "" {
		s += ": " + f.Why
	} else if f.Outcome != "" {
		s += ": " + f.Outcome
	}
	return s
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
				listed, err := listSchedule(cmd.Context(), s, state, env.Now())
				if err != nil {
					return err
				}
				fires, err := s.Fires(cmd.Context(), state.Name, mostFires)
				if err != nil {
					return err
				}
				warnIfIdle(env.Stderr, s)
				listed.write(env.Stdout)
				writeFires(env.Stdout, fires, state.Spec.Zone)
				return nil
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func writeFires(w io.Writer, fires []schedule.Fire, zone *time.Location) {
	lines := [][]string{{"DUE", "STATUS", "RUN", "WHY"}}
	for _, f := range fires {
		l := listFire(f, zone)
		due := l.Due.Format("2006-01-02 15:04 MST")
		if l.Manual {
			due += " triggered"
		}
		lines = append(lines, []string{due, l.Status, cmp.Or(l.Run, "-"), cell(cmp.Or(l.Why, l.Outcome))})
	}
	fmt.Fprintln(w)
	writeAligned(w, lines, func(int) bool { return true })
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
	return next.In(state.Spec.Zone).Format(dueLayout)
}

func newScheduleTriggerCommand(env Env) *cobra.Command {
	return newScheduleChange(env, "trigger", "Have serve run a campaign now, as if it were due, paused or not",
		func(ctx context.Context, s *store.Store, dir storeFlag, state schedule.State) error {
			if err := s.RequestRun(ctx, state.Name, env.Now()); err != nil {
				return err
			}
			switch {
			case !s.Scheduling():
				printLines(env.Stderr, "warning", fmt.Sprintf("no serve is running on this store: %s runs if one is started within %s", state.Name, state.Spec.Catchup))
			case !state.Served:
				printLines(env.Stderr, "warning", fmt.Sprintf("the serve that is running does not have this campaign: %s runs if one that has it is started within %s", state.Name, state.Spec.Catchup))
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
