package campaign

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func (r *reader) window(v value) *scope.Window {
	w := &scope.Window{To: scope.Day, Zone: time.UTC}
	before := len(r.problems)
	r.object(v, []field{
		{"days", false, func(v value) { w.Days = r.days(v) }},
		{"from", false, func(v value) { w.From = r.clock(v) }},
		{"to", false, func(v value) { w.To = r.clock(v) }},
		{"zone", true, func(v value) { w.Zone = r.zone(v) }},
	})
	switch {
	case len(r.problems) > before:
		return nil
	case w.From == w.To || w.From == scope.Day:
		r.problem(v.place(), `leave both out for the whole day; from is at most "23:59"`, "a window from %s to %s", scope.Clock(w.From), scope.Clock(w.To))
		return nil
	}
	return w
}

func (r *reader) days(v value) []time.Weekday {
	var days []time.Weekday
	r.list(v, func(entry value) {
		name, ok := r.choice(entry, scope.Weekdays()...)
		if ok {
			days = append(days, time.Weekday(slices.Index(scope.Weekdays(), name)))
		}
	})
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "leave it out for every day", "days must not be empty")
	}
	return days
}

var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$|^24:00$`)

// clock reads a time of day.
func (r *reader) clock(v value) time.Duration {
	if v.Kind != yaml.ScalarNode || !timeOfDay.MatchString(v.Value) || !isText(v.Node) {
		r.problem(v.place(), `such as "22:00", in quotes`, `%s must be a time of day from "00:00" to "24:00", not %s`, v.label, describe(v.Node))
		return 0
	}
	hours, minutes, _ := strings.Cut(v.Value, ":")
	h, _ := strconv.Atoi(hours) // both are digits
	m, _ := strconv.Atoi(minutes)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

func (r *reader) zone(v value) *time.Location {
	name, ok := r.text(v)
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		r.problem(v.place(), "such as Europe/Zurich or UTC", "%s is not the name of a time zone", shorten(name))
		return nil
	}
	return zone
}
