package scope_test

import (
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse("2006-01-02 15:04 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestAWindowIsOpenInItsHoursOfTheWeek(t *testing.T) {
	zurich, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	weekend := []time.Weekday{time.Saturday, time.Sunday}
	nights := scope.Window{Days: weekend, From: 22 * time.Hour, To: 6 * time.Hour, Zone: zurich}
	days := scope.Window{Days: weekend, To: 24 * time.Hour, Zone: zurich}
	always := scope.Window{To: 24 * time.Hour, Zone: time.UTC}
	office := scope.Window{From: 9*time.Hour + 30*time.Minute, To: 17 * time.Hour, Zone: time.UTC}
	never := ""
	for name, test := range map[string]struct {
		window scope.Window
		now    string
		open   bool
		until  string // when it closes, or opens next
	}{
		"in the evening":                          {nights, "2026-11-28 21:00 +0000", true, "2026-11-29 06:00 +0100"},
		"after midnight":                          {nights, "2026-11-29 04:59 +0000", true, "2026-11-29 06:00 +0100"},
		"in the night after the last day":         {nights, "2026-11-30 01:00 +0100", true, "2026-11-30 06:00 +0100"},
		"in the night before the first day":       {nights, "2026-11-28 01:00 +0100", false, "2026-11-28 22:00 +0100"},
		"at its end":                              {nights, "2026-11-29 06:00 +0100", false, "2026-11-29 22:00 +0100"},
		"at its beginning":                        {nights, "2026-11-28 22:00 +0100", true, "2026-11-29 06:00 +0100"},
		"on a day far from it":                    {nights, "2026-11-30 06:00 +0100", false, "2026-12-05 22:00 +0100"},
		"in a zone where it is another day":       {days, "2026-11-27 23:30 +0000", true, "2026-11-30 00:00 +0100"},
		"on days that follow each other":          {days, "2026-11-28 12:00 +0100", true, "2026-11-30 00:00 +0100"},
		"when the clocks go back":                 {nights, "2026-10-25 03:30 +0100", true, "2026-10-25 06:00 +0100"},
		"on the day when the clocks went forward": {nights, "2026-03-28 22:00 +0100", true, "2026-03-29 06:00 +0200"},
		"always":             {always, "2026-11-28 12:00 +0100", true, never},
		"every day, before":  {office, "2026-11-28 09:29 +0000", false, "2026-11-28 09:30 +0000"},
		"every day, between": {office, "2026-11-28 09:30 +0000", true, "2026-11-28 17:00 +0000"},
		"every day, after":   {office, "2026-11-28 17:00 +0000", false, "2026-11-29 09:30 +0000"},
	} {
		t.Run(name, func(t *testing.T) {
			now := at(t, test.now)
			got, open := test.window.Closes(now)
			if open != test.open {
				t.Fatalf("open %v, want %v", open, test.open)
			}
			if !open {
				got = test.window.Opens(now)
			}
			var want time.Time
			if test.until != never {
				want = at(t, test.until)
			}
			if !got.Equal(want) {
				t.Errorf("until %s, want %s", got, want)
			}
		})
	}
}

func TestAWindowIsShownAsItIsWritten(t *testing.T) {
	w := scope.Window{Days: []time.Weekday{time.Saturday, time.Sunday}, From: 22 * time.Hour, To: 6*time.Hour + 30*time.Minute, Zone: time.UTC}
	if got, want := w.String(), "sat, sun 22:00-06:30 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.Days = nil
	if got, want := w.String(), "every day 22:00-06:30 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// In Cairo, Friday 24 April 2026 begins at one o'clock: there is no midnight.
func TestADayIsTheOneOfItsNoon(t *testing.T) {
	cairo, err := time.LoadLocation("Africa/Cairo")
	if err != nil {
		t.Fatal(err)
	}
	fridays := scope.Window{Days: []time.Weekday{time.Friday}, To: scope.Day, Zone: cairo}
	for now, want := range map[string]bool{
		"2026-04-23 23:59 +0200": false, "2026-04-24 01:00 +0300": true, "2026-04-24 23:59 +0300": true, "2026-04-25 00:00 +0300": false,
	} {
		if _, open := fridays.Closes(at(t, now)); open != want {
			t.Errorf("%s: open %v, want %v", now, open, want)
		}
	}
}

// Hours that follow each other are one window, a whole week of them at most.
func TestAWindowOfSixDaysClosesOnTheSeventh(t *testing.T) {
	w := scope.Window{To: scope.Day, Zone: time.UTC}
	for d := range time.Saturday {
		w.Days = append(w.Days, d) // Sunday to Friday
	}
	end, open := w.Closes(at(t, "2026-11-29 00:00 +0000")) // a Sunday
	if want := at(t, "2026-12-05 00:00 +0000"); !open || !end.Equal(want) {
		t.Errorf("open %v until %s, want %s", open, end, want)
	}
	w.Days = append(w.Days, time.Saturday)
	if end, open := w.Closes(at(t, "2026-11-29 00:00 +0000")); !open || !end.IsZero() {
		t.Errorf("every day: open %v until %s", open, end)
	}
}

func TestAWindowSaysItsDaysAndHours(t *testing.T) {
	for want, w := range map[string]scope.Window{
		"every day 00:00-24:00 UTC":     {To: scope.Day, Zone: time.UTC},
		"sat 09:05-17:30 UTC":           {Days: []time.Weekday{time.Saturday}, From: 9*time.Hour + 5*time.Minute, To: 17*time.Hour + 30*time.Minute, Zone: time.UTC},
		"sun, mon, fri 22:00-06:00 UTC": {Days: []time.Weekday{time.Sunday, time.Monday, time.Friday}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: time.UTC},
	} {
		if got := w.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
