package campaign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func readWindow(v value) *scope.Window {
	w := &scope.Window{To: scope.Day, Zone: time.UTC}
	before := v.File().Count()
	v.Object(
		yamlfile.Optional("days", func(v value) { w.Days = readDays(v) }),
		yamlfile.Optional("from", func(v value) { w.From = readClock(v) }),
		yamlfile.Optional("to", func(v value) { w.To = readClock(v) }),
		yamlfile.Required("zone", func(v value) { w.Zone = readZone(v) }),
	)
	switch {
	case v.File().Count() > before:
		return nil
	case w.From == w.To || w.From == scope.Day:
		v.Problem(`leave both out for the whole day; from is at most "23:59"`, "a window from %s to %s", scope.Clock(w.From), scope.Clock(w.To))
		return nil
	}
	return w
}

func readDays(v value) []time.Weekday {
	var days []time.Weekday
	v.List(func(entry value) {
		name, ok := entry.Choice(scope.Weekdays()...)
		if ok {
			days = append(days, time.Weekday(slices.Index(scope.Weekdays(), name)))
		}
	})
	if v.IsList() && v.Len() == 0 {
		v.Problem("leave it out for every day", "days must not be empty")
	}
	return days
}

var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$|^24:00$`)

// readClock reads a time of day.
func readClock(v value) time.Duration {
	if !v.IsScalar() || !timeOfDay.MatchString(v.Written()) || !v.IsText() {
		v.Problem(`such as "22:00", in quotes`, `%s must be a time of day from "00:00" to "24:00", not %s`, v.Label(), v.Describe())
		return 0
	}
	hours, minutes, _ := strings.Cut(v.Written(), ":")
	h, _ := strconv.Atoi(hours) // both consist of digits
	m, _ := strconv.Atoi(minutes)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

func readZone(v value) *time.Location {
	name, ok := v.Text()
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		v.Problem("such as Europe/Zurich or UTC", "%s is not the name of a time zone", yamlfile.Quote(name))
		return nil
	}
	return zone
}
