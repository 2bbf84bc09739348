package schedule_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

const layout = "Mon 2006-01-02 15:04 -0700"

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func cron(t *testing.T, text string) schedule.Cron {
	t.Helper()
	c, err := schedule.ParseCron(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAScheduleIsDueAsClocksShowTheTime(t *testing.T) {
	for name, test := range map[string]struct {
		cron, zone, from string
		want             []string
	}{
		"every night": {"30 2 * * *", "Europe/Zurich", "2026-11-26 12:00 +0100", []string{
			"Fri 2026-11-27 02:30 +0100", "Sat 2026-11-28 02:30 +0100",
		}},
		"the night in which 02:30 does not exist, when the clocks have gone forward": {"30 2 * * *", "Europe/Zurich", "2026-03-27 12:00 +0100", []string{
			"Sat 2026-03-28 02:30 +0100", "Sun 2026-03-29 03:00 +0200", "Mon 2026-03-30 02:30 +0200",
		}},
		"the night in which 02:30 comes twice, once": {"30 2 * * *", "Europe/Zurich", "2026-10-24 12:00 +0200", []string{
			"Sun 2026-10-25 02:30 +0200", "Mon 2026-10-26 02:30 +0100",
		}},
		"the hour that is left out, once": {"*/30 2,3 * * *", "Europe/Zurich", "2026-03-28 12:00 +0100", []string{
			"Sun 2026-03-29 03:00 +0200", "Sun 2026-03-29 03:30 +0200", "Mon 2026-03-30 02:00 +0200",
		}},
		"the hour that comes twice, once": {"0 * * * *", "Europe/Zurich", "2026-10-25 00:30 +0200", []string{
			"Sun 2026-10-25 01:00 +0200", "Sun 2026-10-25 02:00 +0200", "Sun 2026-10-25 03:00 +0100",
		}},
		"a start in the hour that comes again": {"30 2 * * *", "Europe/Zurich", "2026-10-25 02:10 +0100", []string{
			"Mon 2026-10-26 02:30 +0100",
		}},
		"midnight, where clocks go forward at midnight": {"0 0 * * *", "Asia/Beirut", "2026-03-28 12:00 +0200", []string{
			"Sun 2026-03-29 01:00 +0300", "Mon 2026-03-30 00:00 +0300",
		}},
		"half an hour": {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00 +1030", []string{
			"Sun 2026-10-04 02:30 +1100", "Mon 2026-10-05 02:15 +1100",
		}},
		"a day that a zone left out": {"0 12 30 12 *", "Pacific/Apia", "2011-12-01 00:00 -1000", []string{
			"Sat 2011-12-31 00:00 +1400", "Sun 2012-12-30 12:00 +1400",
		}},
		"a leap day": {"0 4 29 2 *", "UTC", "2026-01-01 00:00 +0000", []string{
			"Tue 2028-02-29 04:00 +0000", "Sun 2032-02-29 04:00 +0000",
		}},
		"the last day of the month": {"0 4 L * *", "UTC", "2028-02-01 00:00 +0000", []string{"Tue 2028-02-29 04:00 +0000"}},
		"the second Monday":         {"0 4 * * mon#2", "UTC", "2026-11-01 00:00 +0000", []string{"Mon 2026-11-09 04:00 +0000"}},
		"either sort of day":        {"0 4 13 * fri", "UTC", "2026-12-08 00:00 +0000", []string{"Fri 2026-12-11 04:00 +0000", "Sun 2026-12-13 04:00 +0000"}},
		"over midnight":             {"0 22-1 * * *", "UTC", "2026-12-08 22:30 +0000", []string{"Tue 2026-12-08 23:00 +0000", "Wed 2026-12-09 00:00 +0000", "Wed 2026-12-09 01:00 +0000", "Wed 2026-12-09 22:00 +0000"}},
	} {
		t.Run(name, func(t *testing.T) {
			at, c, z := moment(t, test.from), cron(t, test.cron), zone(t, test.zone)
			for _, want := range test.want {
				if at = c.Next(at, z); at.In(z).Format(layout) != want {
					t.Fatalf("due %s, want %s", at.In(z).Format(layout), want)
				}
			}
		})
	}
}

// firstYear and lastYear bound the calendar of the next test.
const firstYear, lastYear = 2010, 2029

// weeks are the days that a zone is tested on, each span from the noon of its first
// day to the noon of its last: those around the moments at which its clocks are set,
// where alone a time can be left out or come twice, and a week without one. In the
// long form they are all the days of twenty years.
func weeks(z *time.Location) [][2]time.Time {
	from, to := time.Date(firstYear, time.January, 1, 12, 0, 0, 0, z), time.Date(lastYear, time.December, 31, 12, 0, 0, 0, z)
	if os.Getenv("ENDURANCE") != "" {
		return [][2]time.Time{{from, to}}
	}
	all := [][2]time.Time{{from, from.AddDate(0, 0, 7)}}
	for _, set := from.ZoneBounds(); !set.IsZero() && set.Before(to); _, set = set.ZoneBounds() {
		year, month, day := set.Date()
		noon := time.Date(year, month, day, 12, 0, 0, 0, z)
		all = append(all, [2]time.Time{noon.AddDate(0, 0, -2), noon.AddDate(0, 0, 2)})
	}
	return all
}

// What a library finds by asking for the next time again and again is easily lost, or
// found twice, where clocks are set.
func TestEachDayComesOnceInEveryZone(t *testing.T) {
	for _, name := range []string{
		"Europe/Zurich", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo",
		"America/Havana", "Asia/Gaza", "Antarctica/Troll", "America/New_York", "Asia/Kolkata", "UTC",
	} {
		z := zone(t, name)
		for _, clock := range []string{"0 0", "30 0", "0 1", "30 1", "59 1", "0 2", "30 2", "0 3", "59 23"} {
			c := cron(t, clock+" * * *")
			for _, week := range weeks(z) {
				comesDaily(t, c, z, week[0], week[1])
			}
		}
	}
}

// comesDaily checks that an expression is due once on each day from one noon to
// another one.
func comesDaily(t *testing.T, c schedule.Cron, z *time.Location, from, to time.Time) {
	t.Helper()
	days := map[string]int{}
	year, month, day := from.Date()
	for at := time.Date(year, month, day, 0, 0, 0, -1, z); !at.After(to.AddDate(0, 0, 1)); {
		next := c.Next(at, z)
		if !next.After(at) {
			t.Fatalf("%s %s: %s after %s", z, c, next, at)
		}
		at = next
		days[at.In(z).Format(time.DateOnly)]++
	}
	for noon := from; !noon.After(to); noon = noon.AddDate(0, 0, 1) {
		if n := days[noon.Format(time.DateOnly)]; n != 1 {
			t.Errorf("%s %s: due %d times on %s", z, c, n, noon.Format(time.DateOnly))
		}
	}
}

func TestJitterIsTheSameInEveryProcess(t *testing.T) {
	s := schedule.Spec{Cron: cron(t, "@daily"), Zone: time.UTC, Jitter: 10 * time.Minute}
	due := moment(t, "2026-11-26 00:00 +0000")
	if got, want := s.Begins("nightly", due).Sub(due), time.Minute+8*time.Second; got != want {
		t.Errorf("%s after it is due, want %s as ever", got, want)
	}
	seen := map[time.Duration]bool{}
	for i := range 200 {
		late := s.Begins(fmt.Sprintf("c%d", i), due).Sub(due)
		if late < 0 || late >= s.Jitter {
			t.Errorf("%s after it is due", late)
		}
		seen[late.Truncate(time.Minute)] = true
	}
	if len(seen) != 10 {
		t.Errorf("200 schedules begin in %d of 10 minutes", len(seen))
	}
	s.Jitter = 0
	if got := s.Begins("nightly", due); got != due {
		t.Errorf("begins %s without jitter, due %s", got, due)
	}
}
