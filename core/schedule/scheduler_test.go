package schedule_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// A scheduler is killed over a due time at 22:00, and started again.
func TestAKilledSchedulerRunsEachDueCampaignOnce(t *testing.T) {
	const inTime, late = "22:08", "23:30" // the catch-up window is 10 minutes
	for name, test := range map[string]struct {
		killed      string
		stuck       place
		again       string
		done, fires string
	}{
		"before it is due":                   {"21:50", nowhere, inTime, "begin 2208.00, finish 2208.00", "22:00 done (nothing found)"},
		"before it is due, for long":         {"21:50", nowhere, late, "", "22:00 missed"},
		"once the run is claimed":            {"22:01", claimed, inTime, "begin 2200.00, finish 2200.00", "22:00 done (nothing found)"},
		"once the run is claimed, for long":  {"22:01", claimed, late, "", "22:00 missed"},
		"in the middle of the run":           {"22:01", halfway, inTime, "begin 2200.00, resume 2200.00, finish 2200.00", "22:00 done (nothing found)"},
		"in the middle of the run, for long": {"22:01", halfway, late, "begin 2200.00", "22:00 abandoned"},
		"once the run is finished":           {"22:31", finished, "22:35", "begin 2200.00, finish 2200.00", "22:00 done (nothing found)"},
		"once the run is finished, for long": {"22:31", finished, late, "begin 2200.00, finish 2200.00", "22:00 done (nothing found)"},
		"after all of it":                    {"22:35", nowhere, "22:40", "begin 2200.00, finish 2200.00", "22:00 done (nothing found)"},
	} {
		for _, overlap := range overlaps(test.stuck == halfway) {
			t.Run(name+"/"+string(overlap), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, "0 22 * * *", overlap)
					at("21:49")
					first := w.start(test.stuck)
					at(test.killed)
					first.kill()
					at(test.again)
					second := w.start(nowhere)
					time.Sleep(takes + 5*time.Minute)
					second.end()
					w.check(test.done, test.fires)
				})
			})
		}
	}
}

// overlaps returns the policies that a test is made with in which nothing overlaps: in
// the long form, and where a run is resumed, all of them.
func overlaps(resumed bool) []schedule.Overlap {
	all := schedule.Overlaps()
	if resumed || os.Getenv("ENDURANCE") != "" {
		return all
	}
	return all[:1]
}

// A run is cut off, and the next one falls due before the scheduler is started again.
func TestAKilledSchedulerAppliesTheOverlapPolicyToWhatWasDueMeanwhile(t *testing.T) {
	const resumed = "begin 2200.00, resume 2200.00, finish 2200.00"
	for overlap, want := range map[schedule.Overlap]struct{ done, fires string }{
		schedule.Skip:        {resumed, "22:00 done (nothing found), 22:15 skipped"},
		schedule.BufferOne:   {resumed + ", begin 2248.00, finish 2248.00", "22:00 done (nothing found), 22:15 done (nothing found)"},
		schedule.BufferAll:   {resumed + ", begin 2248.00, finish 2248.00", "22:00 done (nothing found), 22:15 done (nothing found)"},
		schedule.CancelOther: {"begin 2200.00, begin 2218.00, finish 2218.00", "22:00 done (cancelled), 22:15 done (nothing found)"},
		schedule.AllowAll:    {"begin 2200.00, begin 2218.00, resume 2200.00, finish 2200.00, finish 2218.00", "22:00 done (nothing found), 22:15 done (nothing found)"},
	} {
		t.Run(string(overlap), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "0,15 22 * * *", overlap)
				at("21:50")
				first := w.start(halfway)
				at("22:13")
				first.kill()
				at("22:18")
				second := w.start(nowhere)
				time.Sleep(2 * time.Hour)
				second.end()
				if overlap == schedule.AllowAll { // which begin at the same moment
					w.done = sorted(w.done)
					want.done = strings.Join(sorted(strings.Split(want.done, ", ")), ", ")
				}
				w.check(want.done, want.fires)
			})
		})
	}
}

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

func TestOverlappingRuns(t *testing.T) {
	for name, test := range map[string]struct {
		overlap     schedule.Overlap
		done, fires string
	}{
		"are left out": {schedule.Skip, "begin 2200.00, finish 2200.00", "22:00 done (nothing found), 22:10 skipped, 22:20 skipped"},
		"wait, one of them": {
			schedule.BufferOne, "begin 2200.00, finish 2200.00, begin 2230.00, finish 2230.00",
			"22:00 done (nothing found), 22:10 done (nothing found), 22:20 skipped",
		},
		"wait, all of them": {
			schedule.BufferAll, "begin 2200.00, finish 2200.00, begin 2230.00, finish 2230.00, begin 2300.00, finish 2300.00",
			"22:00 done (nothing found), 22:10 done (nothing found), 22:20 done (nothing found)",
		},
		"stop the one before": {
			schedule.CancelOther, "begin 2200.00, interrupt 2200.00, begin 2210.00, interrupt 2210.00, begin 2220.00, finish 2220.00",
			"22:00 done (cancelled), 22:10 done (cancelled), 22:20 done (nothing found)",
		},
		"are held beside each other": {
			schedule.AllowAll, "begin 2200.00, begin 2210.00, begin 2220.00, finish 2200.00, finish 2210.00, finish 2220.00",
			"22:00 done (nothing found), 22:10 done (nothing found), 22:20 done (nothing found)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "0,10,20 22 * * *", test.overlap)
				at("21:50")
				p := w.start(nowhere)
				time.Sleep(3 * time.Hour)
				p.end()
				w.check(test.done, test.fires)
			})
		})
	}
}

func TestASchedulerThatIsStoppedInterruptsItsRunAndTheNextOneCarriesItOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 22 * * *", schedule.Skip)
		at("21:50")
		first := w.start(nowhere)
		at("22:05")
		first.end()
		at("22:09")
		second := w.start(nowhere)
		at("23:00")
		second.end()
		w.check("begin 2200.00, interrupt 2200.00, resume 2200.00, finish 2200.00", "22:00 done (nothing found)")
	})
}

func TestARunIsNotCarriedOnBeyondTheBoundsOfItsScope(t *testing.T) {
	for name, test := range map[string]struct {
		bound func(*schedule.Spec)
		why   string
	}{
		"max_duration": {func(s *schedule.Spec) { s.MaxDuration = 5 * time.Minute }, "scope.max_duration: 5m0s are over since it began"},
		"window":       {func(s *schedule.Spec) { s.Window = until("22:05") }, "scope.window is closed (until 22:05)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "0 22 * * *", schedule.Skip)
				test.bound(&w.spec)
				at("21:50")
				first := w.start(halfway)
				at("22:03")
				first.kill()
				at("22:08")
				second := w.start(nowhere)
				at("23:00")
				second.end()
				w.check("begin 2200.00", "22:00 abandoned")
				if got := w.fires()[0].Why; got != test.why {
					t.Errorf("why %q, want %q", got, test.why)
				}
			})
		})
	}
}

// until is a window that is open on each day until a time.
type until string

func (u until) Closes(t time.Time) (time.Time, bool) { return t, t.UTC().Format("15:04") < string(u) }

func (u until) Opens(t time.Time) time.Time { return t.Truncate(24 * time.Hour).Add(24 * time.Hour) }
func (u until) String() string              { return "until " + string(u) }

func TestWhatIsDueOutsideOfTheWindowIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0,10 22 * * *", schedule.BufferOne)
		w.spec.Window = until("22:15")
		at("21:50")
		p := w.start(nowhere)
		at("23:50")
		p.end()
		// What waited comes too late.
		w.check("begin 2200.00, finish 2200.00", "22:00 done (nothing found), 22:10 skipped")
		late := w.fires()[1]
		for _, line := range []string{
			"due 2000-01-01T22:00:00Z: run 2200.00 begins",
			late.String() + ": skipped: " + late.Why,
		} {
			if !strings.Contains(w.log.String(), line) || late.Why == "" {
				t.Errorf("the log lacks %q:\n%s", line, w.log.String())
			}
		}
	})
}

func TestWhatWasMissedIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		at("10:30")
		w.start(nowhere).end()
		at("20:30")
		p := w.start(nowhere)
		synctest.Wait()
		p.end()
		w.check("", "20:00 missed")
		if got, want := w.fires()[0].Why, "no scheduler was there within catchup_window, 10m0s; so it was with 9 due before it, from 2000-01-01T11:00:00Z on"; got != want {
			t.Errorf("why %q, want %q", got, want)
		}
	})
}

func TestAScheduleThatIsNewOrChangedWasNotDueBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 22 * * *", schedule.Skip)
		at("22:05")
		w.start(nowhere).end()
		w.spec.Cron = cron(t, "3 22 * * *")
		at("22:06")
		p := w.start(nowhere)
		at("23:00")
		p.end()
		w.check("", "")
	})
}

func TestAChangeOfTheFileIsPickedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 22 * * *", schedule.Skip)
		at("20:00")
		p := w.start(nowhere)
		at("20:05")
		w.change(func() { w.spec.Cron = cron(t, "10 20 * * *") })
		at("22:30")
		p.end()
		w.check("begin 2010.00, finish 2010.00", "20:10 done (nothing found)")
	})
}

func TestABrokenFileIsAFailureOfWhatIsDueAndNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		at("20:30")
		p := w.start(nowhere)
		at("20:45")
		w.change(func() { w.broken = errors.New("nightly.yaml:3:1: unknown key") })
		at("21:30")
		w.change(func() { w.broken = nil })
		at("22:45")
		p.end()
		w.check("begin 2200.00, finish 2200.00", "21:00 failed (wrong campaign), 22:00 done (nothing found)")
		if got := w.fires()[0].Why; got != "nightly.yaml:3:1: unknown key" || !strings.Contains(w.log.String(), "error: "+got) {
			t.Errorf("why %q; the log:\n%s", got, w.log.String())
		}
	})
}

func TestWhatIsDueWhileTheStateCannotBeReadIsRunOnceItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 21 * * *", schedule.Skip)
		at("20:50")
		p := w.start(nowhere)
		at("20:55")
		w.change(func() { w.unreadable = errors.New("the disk cannot be read") })
		at("21:05")
		w.change(func() { w.unreadable = nil })
		at("22:30")
		p.end()
		if len(w.done) != 2 || len(w.fires()) != 1 || w.fires()[0].Status != schedule.Done || !w.fires()[0].Due.Equal(moment(t, "2000-01-01 21:00 +0000")) {
			t.Errorf("done %q, fires %+v; want the run of 21:00", w.done, w.fires())
		}
		if n := strings.Count(w.log.String(), "error: the disk cannot be read"); n != 1 {
			t.Errorf("said %d times what is wrong, want once:\n%s", n, w.log.String())
		}
	})
}

func TestNothingIsBegunThatCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 21 * * *", schedule.Skip)
		at("20:50")
		p := w.start(nowhere)
		w.change(func() { p.dead = true })
		at("21:04")
		w.change(func() { p.dead = false })
		at("21:20")
		w.change(func() { p.dead = true }) // when the run ends
		at("21:45")
		w.change(func() { p.dead = false })
		at("22:00")
		p.end()
		w.check("begin 2105.00, finish 2105.00", "21:00 done (nothing found)")
		if n := strings.Count(w.log.String(), "error: this process is dead"); n != 2 {
			t.Errorf("said %d times what is wrong, want each time once:\n%s", n, w.log.String())
		}
	})
}

func TestAPausedScheduleRunsOnlyWhatIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		at("20:30")
		p := w.start(nowhere)
		synctest.Wait()
		must(t, p.store.Schedules().PauseSchedule(t.Context(), nightly, schedule.Pause{Since: time.Now(), Why: "holidays"}))
		at("21:30")
		synctest.Wait() // until the scheduler has looked at this minute
		must(t, p.store.Schedules().RequestRun(t.Context(), nightly, time.Now()))
		at("22:10")
		must(t, p.store.Schedules().ResumeSchedule(t.Context(), nightly))
		at("23:45")
		p.end()
		w.check("begin 2131.00, finish 2131.00, begin 2300.00, finish 2300.00",
			"21:00 skipped, 21:30 done (nothing found), 22:00 skipped, 23:00 done (nothing found)")
		if got, want := w.fires()[0].Why, "the schedule is paused since 2000-01-01T20:30:00Z (holidays)"; got != want {
			t.Errorf("why %q, want %q", got, want)
		}
	})
}

func TestWhatWasAskedForWithoutASchedulerIsRunInTimeOrNotAtAll(t *testing.T) {
	for started, want := range map[string]struct{ done, fires string }{
		"20:38": {"begin 2038.00, finish 2038.00", "20:31 done (nothing found)"},
		"20:45": {"", "20:31 missed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, "0 22 * * *", schedule.Skip)
			at("20:30")
			p := w.start(nowhere)
			at("20:31")
			synctest.Wait()
			must(t, p.store.Schedules().RequestRun(t.Context(), nightly, time.Now()))
			p.kill()
			at(started)
			p = w.start(nowhere)
			at("21:30")
			p.end()
			w.check(want.done, want.fires)
		})
	}
}

func TestAScheduleIsPausedAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		w.spec.PauseOnFailure, w.outcome = true, schedule.NoEvidence
		at("20:30")
		p := w.start(nowhere)
		at("23:30")
		synctest.Wait()
		state, err := p.store.Schedules().Schedule(t.Context(), nightly)
		must(t, err)
		p.end()
		w.check("begin 2100.00, finish 2100.00", "21:00 done (no evidence), 22:00 skipped, 23:00 skipped")
		if state.Pause == nil || state.Pause.Why != "pause_on_failure: what was due 2000-01-01T21:00:00Z came to: no evidence" {
			t.Errorf("pause %+v", state.Pause)
		}
	})
}

func TestAFindingIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		w.spec.PauseOnFailure, w.outcome = true, schedule.Findings
		at("20:30")
		p := w.start(nowhere)
		at("22:40")
		p.end()
		w.check("begin 2100.00, finish 2100.00, begin 2200.00, finish 2200.00", "21:00 done (findings), 22:00 done (findings)")
		if len(p.ended) != 2 || p.ended[0].Previous != "" || p.ended[1].Fire.Run != "2200.00" || p.ended[1].Previous != "2100.00" {
			t.Errorf("was told of %+v, want the second with the run before it", p.ended)
		}
	})
}

func TestJitterIsWaitedForAlsoByTheNextScheduler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 22 * * *", schedule.Skip)
		w.spec.Jitter = 20 * time.Minute
		begins := w.spec.Begins(nightly, time.Date(2000, time.January, 1, 22, 0, 0, 0, time.UTC))
		at("21:50")
		first := w.start(nowhere)
		time.Sleep(time.Until(begins.Add(-time.Second)))
		first.kill()
		second := w.start(nowhere)
		at("23:30")
		second.end()
		id := begins.Format("1504.05")
		w.check("begin "+id+", finish "+id, "22:00 done (nothing found)")
	})
}

func TestAPanicIsThatOfOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		w.outcome = panics
		at("20:30")
		p := w.start(nowhere)
		at("21:45")
		w.change(func() { w.outcome = schedule.Clean })
		at("22:45")
		p.end()
		w.check("begin 2200.00, finish 2200.00", "21:00 done (no evidence), 22:00 done (nothing found)")
		if !strings.Contains(w.log.String(), "run 2100.00: panic: as the test has it") {
			t.Errorf("the log does not tell of it:\n%s", w.log.String())
		}
	})
}

// The clock of the machine was ahead for a while: due times up to 23:00, by the
// right clock, are marked as decided.
func TestAClockThatWasAheadSilencesNoSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "0 * * * *", schedule.Skip)
		at("21:35")
		s, err := store.Open(t.Context(), w.dir)
		must(t, err)
		ahead := time.Now().Add(85 * time.Minute)
		must(t, s.Schedules().SaveSchedule(t.Context(), schedule.Change{
			Name: nightly, File: "nightly.yaml", Spec: w.spec, LastEvaluated: ahead, Alive: ahead,
			Fires: []schedule.Fire{{Due: ahead, Status: schedule.Done, Run: "early", Outcome: schedule.Clean, Decided: ahead}},
		}))
		must(t, s.Close())
		p := w.start(nowhere)
		at("23:45")
		p.end()
		w.check("begin 2200.00, finish 2200.00, begin 2300.00, finish 2300.00", "22:00 done (nothing found), 23:00 done (nothing found)")
		if got := strings.Count(w.log.String(), "2000-01-01T23:00:00Z is marked as decided, which is in the future: the clock was ahead"); got != 1 {
			t.Errorf("the clock is named %d times, want once:\n%s", got, w.log.String())
		}
	})
}

// A run that began while the clock was ahead goes on when its time comes by the right one.
func TestARunThatBeganWhileTheClockWasAheadIsNotDecidedAgain(t *testing.T) {
	now := time.Date(2026, time.November, 26, 22, 0, 0, 0, time.UTC)
	going := schedule.Fire{Due: now, Status: schedule.Started, Run: "r1", Begun: now, Live: true}
	state := schedule.State{
		Name: nightly, LastEvaluated: now.Add(-time.Minute), Alive: now, Open: []schedule.Fire{going},
		Spec: schedule.Spec{Cron: cron(t, "0 22 * * *"), Zone: time.UTC, Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup},
	}
	if step := schedule.Decide(state, now, noID); len(step.Fires) != 0 || len(step.Start) != 0 || !step.LastEvaluated.Equal(now) {
		t.Errorf("the step is %+v, want the run left alone", step)
	}
}

func TestASmallCorrectionOfTheClockDecidesNothingTwice(t *testing.T) {
	now := time.Date(2026, time.November, 26, 22, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		ahead time.Duration
		again bool
	}{{0, false}, {time.Minute, false}, {5 * time.Minute, false}, {5*time.Minute + time.Second, true}, {366 * 24 * time.Hour, true}} {
		state := schedule.State{
			Name: nightly, LastEvaluated: now.Add(test.ahead), Alive: now,
			Spec: schedule.Spec{Cron: cron(t, "* * * * *"), Zone: time.UTC, Overlap: schedule.Skip, Catchup: schedule.DefaultCatchup},
		}
		step := schedule.Decide(state, now, noID)
		want := schedule.Step{LastEvaluated: state.LastEvaluated}
		if test.again {
			want = schedule.Step{LastEvaluated: now, Ahead: state.LastEvaluated}
		}
		if !step.LastEvaluated.Equal(want.LastEvaluated) || !step.Ahead.Equal(want.Ahead) || len(step.Fires) != 0 {
			t.Errorf("decided %s ahead: the step is %+v, want %+v", test.ahead, step, want)
		}
	}
}
