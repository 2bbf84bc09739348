package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// Schedule is a schedule as shown. It can be encoded as JSON.
type Schedule struct {
	Name    string      `json:"name"`
	File    string      `json:"file"`
	Cron    string      `json:"cron"`
	Zone    string      `json:"zone"`
	Overlap string      `json:"overlap"`
	Catchup string      `json:"catchup_window"`
	Jitter  string      `json:"jitter"`
	Served  bool        `json:"served"`
	Next    []time.Time `json:"next"`
	// LeftOut is the latest due time that was skipped or missed since Last.
	LeftOut *Fire  `json:"left_out,omitempty"`
	Going   []Fire `json:"going,omitempty"`
	Last    *Fire  `json:"last,omitempty"`
	// Ahead is the time in the future up to which due times are marked as decided,
	// because the clock was ahead, until a serve process corrects it.
	Ahead *time.Time `json:"decided_ahead,omitempty"`
	// Lacks is what runs lack on the machine of serve.
	Lacks  []string `json:"lacks,omitempty"`
	Paused *Pause   `json:"paused,omitempty"`
}

// Pause is when and why the schedule was paused.
type Pause struct {
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// Fire is a due time as shown.
type Fire struct {
	Due     time.Time `json:"due"`
	Manual  bool      `json:"manual"`
	Status  string    `json:"status"`
	Run     string    `json:"run,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Why     string    `json:"why,omitempty"`
}

func listFire(f schedule.Fire, zone *time.Location) Fire {
	l := Fire{f.Due.In(zone), f.Manual, string(f.Status), f.Run, string(f.Outcome), f.Why}
	if f.Begun.IsZero() {
		l.Run = "" // the run does not exist
	}
	return l
}

// NewSchedule returns a schedule as shown. fires are its due times, the latest
// first; scheduling says that a serve process uses the store.
func NewSchedule(state schedule.State, fires []schedule.Fire, scheduling bool, now time.Time) Schedule {
	spec := state.Spec
	l := Schedule{
		Name: state.Name, File: state.File, Cron: spec.Cron.String(), Zone: spec.Zone.String(), Overlap: string(spec.Overlap),
		Catchup: spec.Catchup.String(), Jitter: spec.Jitter.String(), Served: state.Served && scheduling, Next: []time.Time{},
	}
	const enough = 3
	from := now
	if undecided := state.Undecided(now); undecided.After(now) {
		from = undecided
	}
	for due := spec.Next(from); !due.IsZero() && len(l.Next) < enough; due = spec.Next(due) {
		l.Next = append(l.Next, due.In(spec.Zone))
	}
	if state.DecidedAhead(now) {
		l.Ahead = &state.LastEvaluated
	}
	if state.Lacks != "" {
		l.Lacks = strings.Split(state.Lacks, "\n")
	}
	if state.Pause != nil {
		l.Paused = &Pause{state.Pause.Since, state.Pause.Why}
	}
	for _, f := range state.Open {
		l.Going = append(l.Going, listFire(f, spec.Zone))
	}
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
	return l
}

// DueLayout is the layout of due times, in the schedule's zone.
const DueLayout = "Mon 2 Jan 2006 15:04 MST"

// Write prints the schedule.
func (l Schedule) Write(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-7s  %s\n", name, Indented(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(w, "%s\n", l.Name)
	line("file", "%s", l.File)
	line("when", "%s %s; overlap %s, catchup_window %s, jitter %s", l.Cron, l.Zone, l.Overlap, l.Catchup, l.Jitter)
	var next []string
	for _, due := range l.Next {
		next = append(next, due.Format(DueLayout))
	}
	line("next", "%s", cmp.Or(strings.Join(next, ", "), "never"))
	if l.Ahead != nil {
		line("clock", "was ahead: what is due until %s is marked as decided; serve corrects that when it runs", l.Ahead.Local().Format(time.RFC3339))
	}
	if l.Paused != nil {
		line("paused", "since %s: %s", l.Paused.Since.Local().Format(time.RFC3339), cmp.Or(l.Paused.Why, "no note"))
	}
	if !l.Served {
		line("served", "no: no serve that is running has this campaign")
	}
	for _, lack := range l.Lacks {
		line("lacks", "%s", lack)
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

// String describes the result of the due time in a line.
func (f Fire) String() string {
	s := f.Status
	if f.Run != "" {
		s += " run " + f.Run
	}
	s += ", due " + f.Due.Format(DueLayout)
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

// Fires prints the due times of a schedule, each in a line.
func Fires(w io.Writer, fires []schedule.Fire, zone *time.Location) {
	lines := [][]string{{"DUE", "STATUS", "RUN", "WHY"}}
	for _, f := range fires {
		l := listFire(f, zone)
		due := l.Due.Format("2006-01-02 15:04 MST")
		if l.Manual {
			due += " triggered"
		}
		lines = append(lines, []string{due, l.Status, cmp.Or(l.Run, "-"), phrase.OneLine(cmp.Or(l.Why, l.Outcome))})
	}
	fmt.Fprintln(w)
	Aligned(w, lines, func(int) bool { return true })
}
