package schedule_test

import (
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// noID is for decisions that begin no run.
func noID(time.Time) string { return "" }

// A scheduler says at least once a minute that it is alive: it may have died right
// before it said so again, and the catch-up window counts from then.
func TestARunIsCarriedOnForTheCatchUpWindowAfterTheLastSignOfLife(t *testing.T) {
	alive := time.Date(2026, time.November, 26, 22, 10, 0, 0, time.UTC)
	begun := schedule.Fire{Due: alive.Add(-10 * time.Minute), Status: schedule.Started, Run: "r1", Begun: alive.Add(-10 * time.Minute)}
	state := schedule.State{
		Name: "nightly", LastEvaluated: begun.Due, Alive: alive, Open: []schedule.Fire{begun},
		Spec: schedule.Spec{Cron: cron(t, "0 22 * * *"), Zone: time.UTC, Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup},
	}
	last := alive.Add(schedule.DefaultCatchup + schedule.Heartbeat)
	if step := schedule.Decide(state, last, noID); len(step.Resume) != 1 || len(step.Fires) != 0 {
		t.Errorf("at the end of the window the step is %+v, want the run carried on", step)
	}
	step := schedule.Decide(state, last.Add(time.Second), noID)
	if len(step.Resume) != 0 || len(step.Fires) != 1 || step.Fires[0].Status != schedule.Abandoned {
		t.Errorf("a second later the step is %+v, want the run abandoned", step)
	}
}

func TestAResultSaysItsOutcomeOnce(t *testing.T) {
	for _, test := range []struct {
		result schedule.Result
		want   string
	}{
		{schedule.Result{}, ""},
		{schedule.Result{Outcome: schedule.Findings}, "findings"},
		{schedule.Result{Why: "it was stopped"}, "it was stopped"},
		{schedule.Result{Outcome: schedule.Findings, Why: "findings: 3 of 9 trials"}, "findings: 3 of 9 trials"},
		{schedule.Result{Outcome: schedule.Findings, Why: "3 of 9 trials"}, "findings: 3 of 9 trials"},
	} {
		if got := test.result.String(); got != test.want {
			t.Errorf("%+v is %q, want %q", test.result, got, test.want)
		}
	}
}

func TestARequestStandsForTheCatchUpWindow(t *testing.T) {
	asked := time.Date(2026, time.November, 26, 20, 31, 0, 0, time.UTC)
	state := schedule.State{
		Name: "nightly", LastEvaluated: asked, Open: []schedule.Fire{{Due: asked, Manual: true, Status: schedule.Requested}},
		Spec: schedule.Spec{Cron: cron(t, "0 22 * * *"), Zone: time.UTC, Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup},
	}
	if step := schedule.Decide(state, asked.Add(schedule.DefaultCatchup), noID); len(step.Start) != 1 {
		t.Errorf("at the end of the window the step is %+v, want the run begun", step)
	}
	step := schedule.Decide(state, asked.Add(schedule.DefaultCatchup+time.Second), noID)
	if len(step.Start) != 0 || len(step.Fires) != 1 || step.Fires[0].Status != schedule.Missed {
		t.Errorf("a second later the step is %+v, want it missed", step)
	}
}

func TestAScheduleIsFeasibleWhereARunMayBeginInItsWindow(t *testing.T) {
	for name, test := range map[string]struct {
		cron   string
		jitter time.Duration
		window schedule.Window
		want   bool
	}{
		"no window":                      {"0 23 * * *", 0, nil, true},
		"always due in the window":       {"0 22 * * *", 0, until("22:05"), true},
		"never due in the window":        {"0 23 * * *", 0, until("22:05"), false},
		"in it by the latest start only": {"30 23 * * *", time.Hour, until("22:05"), true},
		"sometimes due in the window":    {"0 22,23 * * *", 0, until("22:05"), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := schedule.Spec{Cron: cron(t, test.cron), Zone: time.UTC, Jitter: test.jitter, Window: test.window}
			if got := s.Feasible(); got != test.want {
				t.Errorf("feasible %t, want %t", got, test.want)
			}
		})
	}
}
