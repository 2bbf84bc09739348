package scope

import (
	"fmt"
	"slices"
	"strings"
	"time"
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

// Day is from midnight to midnight, as clocks show it.
const Day = 24 * time.Hour

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
	on = len(w.Days) == 0 || slices.Contains(w.Days, at(date+after, Day/2).Weekday())
	return from, to, on
}

// String returns the window as "sat, sun 22:00-06:00 Europe/Zurich".
func (w *Window) String() string {
	days := "every day"
	if len(w.Days) > 0 {
		var names []string
		for _, d := range w.Days {
			names = append(names, Weekdays()[d])
		}
		days = strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s %s-%s %s", days, Clock(w.From), Clock(w.To), w.Zone)
}

// Clock words a time of day: "22:00".
func Clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// Weekdays are the names of the days, by [time.Weekday].
func Weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }
