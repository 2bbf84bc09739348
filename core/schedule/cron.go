package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Cron is a cron expression: minute, hour, day of the month, month and day of
// the week. Where both kinds of day are restricted, either has to match, as in
// crontab.
type Cron struct {
	text string
	// on finds the next match in a calendar without time zones.
	on cron.Schedule
}

// ParseCron reads a cron expression, such as "0 22 * * fri" or "@daily". It
// fails for an expression that never matches, and for one that names a zone or
// has no time of day.
func ParseCron(text string) (Cron, error) {
	fields := strings.Fields(text)
	switch {
	case len(fields) == 0:
		return Cron{}, errors.New("the expression is empty")
	case strings.Contains(fields[0], "TZ="):
		return Cron{}, errors.New("the zone is a key of its own")
	case fields[0] == "@every":
		return Cron{}, errors.New("@every has no times of day, which a restart would shift")
	}
	for _, field := range fields {
		if slices.Contains(strings.Split(field, ","), "") {
			return Cron{}, fmt.Errorf("the list %q has an empty entry", field)
		}
	}
	on, err := parser().Parse(strings.Join(fields, " "))
	if err != nil {
		return Cron{}, err
	}
	c := Cron{strings.Join(fields, " "), on}
	if c.after(epoch()).IsZero() {
		return Cron{}, errors.New("no day of any year matches it")
	}
	return c, nil
}

func parser() cron.Parser {
	return cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow |
		cron.Descriptor | cron.DowOrDom | cron.DomL | cron.DowNth | cron.DowLast)
}

// epoch is an arbitrary day: expressions do not depend on the year.
func epoch() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }

// String returns the expression.
func (c Cron) String() string { return c.text }

// after returns the next time that the expression matches; the zero time where
// there is none. Both are local times, represented in UTC: with real zones, the
// library skips days where the clocks change at midnight or by other than an
// hour, and matches a repeated hour twice.
func (c Cron) after(clock time.Time) time.Time { return c.on.Next(clock) }

// Next returns the first time after t that the expression matches in a zone;
// the zero time where there is none. Each local time occurs once a day: one
// that a change of the clocks skips occurs at the change, and one that it
// repeats occurs the first time.
func (c Cron) Next(t time.Time, zone *time.Location) time.Time {
	for clock := c.after(shown(t, zone)); !clock.IsZero(); clock = c.after(clock) {
		if next := instant(clock, zone); next.After(t) {
			return next
		}
	}
	return time.Time{}
}

// shown returns the local time in a zone, represented in UTC.
func shown(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant returns the first instant of a local time in a zone, or, where the
// local time is skipped, the instant of the change.
func instant(clock time.Time, zone *time.Location) time.Time {
	const farthest = 36 * time.Hour // more than any zone differs from UTC
	at := clock.Add(-farthest).In(zone)
	for {
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		candidate := clock.Add(-time.Duration(offset) * time.Second).In(zone)
		switch {
		case !end.IsZero() && !candidate.Before(end):
			at = end
		case candidate.Before(start):
			return start
		default:
			return candidate
		}
	}
}
