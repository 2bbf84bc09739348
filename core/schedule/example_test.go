package schedule_test

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// Where clocks are put forward from 02:00 to 03:00, a run that is due at 02:30 comes
// at 03:00; where they are put back, it comes once.
func ExampleCron_Next() {
	zurich, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		fmt.Println(err)
		return
	}
	nightly, err := schedule.ParseCron("30 2 * * *")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []time.Time{
		time.Date(2026, 3, 28, 12, 0, 0, 0, zurich), time.Date(2026, 10, 24, 12, 0, 0, 0, zurich),
	} {
		t := nightly.Next(day, zurich)
		fmt.Println(t.Format("02 Jan 15:04 MST"), "and then", nightly.Next(t, zurich).Format("02 Jan 15:04 MST"))
	}
	// Output:
	// 29 Mar 03:00 CEST and then 30 Mar 02:30 CEST
	// 25 Oct 02:30 CEST and then 26 Oct 02:30 CET
}

// An expression that no day matches is refused.
func ExampleParseCron() {
	_, err := schedule.ParseCron("0 0 30 2 *")
	fmt.Println(err != nil)
	daily, err := schedule.ParseCron("@daily")
	fmt.Println(daily, err)
	// Output:
	// true
	// @daily <nil>
}

// The jitter of a run follows from its schedule's name and its due time: a process
// that takes over finds the same moment.
func ExampleSpec_Begins() {
	hourly, err := schedule.ParseCron("@hourly")
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := schedule.Spec{Cron: hourly, Zone: time.UTC, Jitter: 10 * time.Minute}
	due := time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC)
	begins := spec.Begins("night", due)
	fmt.Println(begins.Equal(spec.Begins("night", due)), begins.Sub(due) <= spec.Jitter)
	// Output: true true
}
