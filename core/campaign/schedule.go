package campaign

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// Schedule is when a campaign runs by itself.
type Schedule struct {
	schedule.Spec
	At Position
}

// schedule reads schedule:.
func (r *reader) schedule(v value) *Schedule {
	const (
		leastCatchup   = time.Minute
		longestCatchup = 7 * 24 * time.Hour
		longestJitter  = 24 * time.Hour
	)
	s := &Schedule{At: v.place(), Spec: schedule.Spec{Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup}}
	before := len(r.problems)
	r.object(v, []field{
		{"cron", true, func(v value) { s.Cron = r.cron(v) }},
		{"zone", true, func(v value) { s.Zone = r.zone(v) }},
		{"overlap", false, func(v value) { s.Overlap = r.overlap(v) }},
		{"catchup_window", false, func(v value) { s.Catchup, _ = r.duration(v, leastCatchup, longestCatchup) }},
		{"jitter", false, func(v value) { s.Jitter, _ = r.duration(v, time.Second, longestJitter) }},
		{"pause_on_failure", false, func(v value) { s.PauseOnFailure = r.boolean(v) }},
	})
	if len(r.problems) > before {
		return nil
	}
	return s
}

func (r *reader) cron(v value) schedule.Cron {
	text, ok := r.text(v)
	if !ok {
		return schedule.Cron{}
	}
	c, err := schedule.ParseCron(text)
	if err != nil {
		r.problem(v.place(), `minute, hour, day of the month, month and day of the week, such as "0 22 * * fri"`, "%s is not a cron expression: %v", shorten(text), err)
	}
	return c
}

func (r *reader) overlap(v value) schedule.Overlap {
	var words []string
	for _, o := range schedule.Overlaps() {
		words = append(words, string(o))
	}
	s, _ := r.choice(v, words...)
	return schedule.Overlap(s)
}

// linkSchedule holds the schedule to the bounds of the scope. One that never comes
// to a run is a mistake.
func (r *reader) linkSchedule(c *Campaign) {
	if c.Schedule == nil {
		return
	}
	c.Schedule.MaxDuration = c.Scope.MaxDuration
	if c.Scope.Window == nil {
		return
	}
	c.Schedule.Window = c.Scope.Window
	if !c.Schedule.Feasible() {
		r.problem(c.Schedule.At, "change schedule.cron, or scope.window", "the schedule %s never falls into scope.window, %s", c.Schedule, c.Scope.Window)
	}
}
