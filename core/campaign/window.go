package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Window is the hours of the week in which runs are allowed.
type Window struct {
	// Days are those on which the hours begin; none stands for every day.
	Days []time.Weekday
	// From and To are times of day as clocks show them, from 0 to 24 h. Where To
	// is not later than From, it is the next day's.
	From, To time.Duration
	Zone     *time.Location
}

const day = 24 * time.Hour

// Closes reports whether the window is open at a time, and until when: the zero
// time where it never closes.
func (w *Window) Closes(t time.Time) (end time.Time, open bool) {
	end = t
	for range 9 { // hours that follow each other without a gap, for a whole week
		next, ok := w.closesOnce(end)
		if !ok {
			return end, open
		}
		end, open = next, true
	}
	return time.Time{}, true
}

// closesOnce returns when the hours end that a time is in. The night before may
// reach into them.
func (w *Window) closesOnce(t time.Time) (end time.Time, ok bool) {
	for _, before := range []int{1, 0} {
		from, to, on := w.hours(t, -before)
		if on && !t.Before(from) && t.Before(to) {
			return to, true
		}
	}
	return time.Time{}, false
}

// Opens returns when the window opens next, if it is closed at a time.
func (w *Window) Opens(t time.Time) time.Time {
	for after := range 9 {
		if from, to, on := w.hours(t, after); on && from.After(t) && to.After(from) {
			return from
		}
	}
	return time.Time{} // there is a day in every week
}

// hours returns when the window opens and closes on the day that is some days
// after a time's, and whether it does on such a day.
func (w *Window) hours(t time.Time, after int) (from, to time.Time, on bool) {
	year, month, date := t.In(w.Zone).Date()
	at := func(date int, clock time.Duration) time.Time {
		return time.Date(year, month, date, int(clock.Hours()), int(clock.Minutes())%60, 0, 0, w.Zone)
	}
	from, to = at(date+after, w.From), at(date+after, w.To)
	if w.To <= w.From {
		to = at(date+after+1, w.To)
	}
	// Noon is on the day in every zone.
	on = len(w.Days) == 0 || slices.Contains(w.Days, at(date+after, day/2).Weekday())
	return from, to, on
}

// String returns the window as "sat, sun 22:00-06:00 Europe/Zurich".
func (w *Window) String() string {
	days := "every day"
	if len(w.Days) > 0 {
		var names []string
		for _, d := range w.Days {
			names = append(names, weekdays()[d])
		}
		days = strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s %s-%s %s", days, clock(w.From), clock(w.To), w.Zone)
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// weekdays are the names of the days, by [time.Weekday].
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func (r *reader) window(v value) *Window {
	w := &Window{To: day, Zone: time.UTC}
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
	case w.From == w.To || w.From == day:
		r.problem(v.place(), `leave both out for the whole day; from is at most "23:59"`, "a window from %s to %s", clock(w.From), clock(w.To))
		return nil
	}
	return w
}

func (r *reader) days(v value) []time.Weekday {
	var days []time.Weekday
	r.list(v, func(entry value) {
		name, ok := r.choice(entry, weekdays()...)
		if ok {
			days = append(days, time.Weekday(slices.Index(weekdays(), name)))
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
