package campaign

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Schedule is when serve runs a campaign.
type Schedule struct {
	schedule.Spec
	At yamlfile.Position
}

// readSchedule reads schedule:.
func readSchedule(v value) *Schedule {
	const (
		leastCatchup   = time.Minute
		longestCatchup = 7 * 24 * time.Hour
		longestJitter  = 24 * time.Hour
	)
	s := &Schedule{At: v.At(), Spec: schedule.Spec{Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup}}
	before := v.File().Count()
	v.Object(
		yamlfile.Required("cron", func(v value) { s.Cron = readCron(v) }),
		yamlfile.Required("zone", func(v value) { s.Zone = readZone(v) }),
		yamlfile.Optional("overlap", func(v value) { s.Overlap = readOverlap(v) }),
		yamlfile.Optional("catchup_window", func(v value) { s.Catchup, _ = v.Duration(leastCatchup, longestCatchup) }),
		yamlfile.Optional("jitter", func(v value) { s.Jitter, _ = v.Duration(time.Second, longestJitter) }),
		yamlfile.Optional("pause_on_failure", func(v value) { s.PauseOnFailure = v.Boolean() }),
	)
	if v.File().Count() > before {
		return nil
	}
	return s
}

func readCron(v value) schedule.Cron {
	text, ok := v.Text()
	if !ok {
		return schedule.Cron{}
	}
	c, err := schedule.ParseCron(text)
	if err != nil {
		v.Problem(`minute, hour, day of the month, month and day of the week, such as "0 22 * * fri"`, "%s is not a cron expression: %v", yamlfile.Quote(text), err)
	}
	return c
}

func readOverlap(v value) schedule.Overlap {
	var words []string
	for _, o := range schedule.Overlaps() {
		words = append(words, string(o))
	}
	s, _ := v.Choice(words...)
	return schedule.Overlap(s)
}

// linkSchedule checks the schedule against the bounds of the scope. A schedule
// that never runs is an error.
func linkSchedule(f *yamlfile.File, c *Campaign) {
	if c.Schedule == nil {
		return
	}
	c.Schedule.MaxDuration = c.Scope.MaxDuration
	if c.Scope.Window == nil {
		return
	}
	c.Schedule.Window = c.Scope.Window
	if !c.Schedule.Feasible() {
		f.Problem(c.Schedule.At, "change schedule.cron, or scope.window", "the schedule %s never falls into scope.window, %s", c.Schedule, c.Scope.Window)
	}
}
