package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// weekly is what is kept of a schedule that is looked at for the first time.
func weekly(t *testing.T) schedule.Change {
	t.Helper()
	cron, err := schedule.ParseCron("0 22 * * fri")
	must(t, err)
	return schedule.Change{
		Name: "weekly", File: "/srv/weekly.yaml", LastEvaluated: start, Alive: start.Add(time.Minute),
		Spec: schedule.Spec{Cron: cron, Zone: time.UTC, Overlap: schedule.BufferOne, Catchup: time.Hour, Jitter: time.Minute, PauseOnFailure: true},
		Fires: []schedule.Fire{
			{Due: start, Status: schedule.Missed, Why: "nobody was there", Decided: start},
			{Due: start.Add(time.Hour), Manual: true, Status: schedule.Started, Run: "r1", Decided: start},
			{Due: start.Add(2 * time.Hour), Status: schedule.Buffered, Decided: start},
		},
	}
}

func TestAScheduleIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	c := weekly(t)
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	want := schedule.State{
		Name: c.Name, File: c.File, Spec: c.Spec, LastEvaluated: c.LastEvaluated, Alive: c.Alive, Served: true, Open: c.Fires[1:],
	}
	same := cmp.Options{
		cmpopts.IgnoreTypes(schedule.Cron{}),
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	}
	reader, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer reader.Close()
	all, err := reader.Schedules().All(t.Context())
	must(t, err)
	if diff := cmp.Diff([]schedule.State{want}, all, same); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := all[0].Spec.String(); got != "0 22 * * fri UTC" {
		t.Errorf("the schedule is %s", got)
	}
	unknown, err := s.Schedules().Schedule(t.Context(), "weakly")
	must(t, err)
	if !unknown.LastEvaluated.IsZero() || unknown.Name != "weakly" {
		t.Errorf("a schedule that nobody keeps is %+v", unknown)
	}
	if _, writes := any(reader.Schedules()).(schedule.Store); writes {
		t.Error("a reader can keep schedules")
	}
}

func TestWhatOthersChangeOfAScheduleStaysWhenTheSchedulerKeepsIt(t *testing.T) {
	s := open(t, t.TempDir())
	c := weekly(t)
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	must(t, s.Schedules().PauseSchedule(t.Context(), c.Name, schedule.Pause{Since: start, Why: "holidays"}))
	must(t, s.Schedules().RequestRun(t.Context(), c.Name, start.Add(90*time.Minute)))
	c.Fires = c.Fires[:1]
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	state, err := s.Schedules().Schedule(t.Context(), c.Name)
	must(t, err)
	if state.Pause == nil || state.Pause.Why != "holidays" {
		t.Errorf("pause %+v", state.Pause)
	}
	if len(state.Open) != 3 || state.Open[1].Status != schedule.Requested || !state.Open[1].Manual {
		t.Errorf("open %+v, want what was asked for among them", state.Open)
	}
	must(t, s.Schedules().ResumeSchedule(t.Context(), c.Name))
	c.Pause = &schedule.Pause{Since: start, Why: "it failed"}
	must(t, s.Schedules().ServeSchedules(t.Context(), nil), s.Schedules().SaveSchedule(t.Context(), c))
	if state, err = s.Schedules().Schedule(t.Context(), c.Name); err != nil || state.Pause.Why != "it failed" || !state.Served {
		t.Errorf("%+v, %v; want it paused and served", state, err)
	}
}

func TestADueTimeKnowsTheRecordOfItsRun(t *testing.T) {
	s := open(t, t.TempDir())
	c := weekly(t)
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	fire := func() schedule.Fire {
		state, err := s.Schedules().Schedule(t.Context(), c.Name)
		must(t, err)
		return state.Open[0]
	}
	if f := fire(); !f.Begun.IsZero() || f.Finished {
		t.Errorf("without a record it is %+v", f)
	}
	j := begin(t, s, store.Run{ID: "r1", Campaign: "weekly", Started: start})
	if f := fire(); !f.Begun.Equal(start) || f.Finished {
		t.Errorf("while the run is going it is %+v", f)
	}
	must(t, j.Finish(store.Finished, "", start))
	if f := fire(); !f.Finished {
		t.Errorf("when the run is finished it is %+v", f)
	}
	previous, err := s.Schedules().PreviousRun(t.Context(), "weekly", "r1")
	if must(t, err); previous != "" {
		t.Errorf("the run before the first is %q", previous)
	}
	c.Fires[2].Run = "r2"
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	if previous, err = s.Schedules().PreviousRun(t.Context(), "weekly", "r2"); err != nil || previous != "r1" {
		t.Errorf("the run before r2 is %q, %v; want r1", previous, err)
	}
}

func TestOneProcessAtATimeLeads(t *testing.T) {
	dir := t.TempDir()
	first, second := open(t, dir), open(t, dir)
	release, err := first.Schedules().LeadScheduling()
	if must(t, err); release == nil || !second.Schedules().Scheduling() {
		t.Fatal("the first one does not lead")
	}
	if again, err := second.Schedules().LeadScheduling(); again != nil || err != nil {
		t.Errorf("the second one leads, too (%v)", err)
	}
	release()
	if second.Schedules().Scheduling() {
		t.Error("somebody leads")
	}
	if release, err = second.Schedules().LeadScheduling(); release == nil || err != nil {
		t.Errorf("the second one does not lead (%v)", err)
	}
	release()
}

func TestAStoreOfAnEarlierVersionHasNoSchedules(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		reader, err := store.OpenReader(t.Context(), dir)
		must(t, err)
		if all, err := reader.Schedules().All(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("schedules %+v, %v; want none", all, err)
		}
		must(t, reader.Close())
		s := open(t, dir)
		must(t, s.Schedules().SaveSchedule(t.Context(), weekly(t)))
		if all, err := s.Schedules().All(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("schedules %+v, %v; want one", all, err)
		}
	})
}

func TestWhatRunsOfAScheduleLackIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	c := weekly(t)
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	must(t, s.Schedules().RecordLacks(t.Context(), c.Name, "KEY is not set\nno flite"))
	must(t, s.Schedules().SaveSchedule(t.Context(), c))
	reader, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer reader.Close()
	for _, want := range []string{"KEY is not set\nno flite", ""} {
		if all, err := reader.Schedules().All(t.Context()); err != nil || all[0].Lacks != want {
			t.Errorf("%+v, %v; want what it lacks to be %q", all, err, want)
		}
		must(t, s.Schedules().RecordLacks(t.Context(), c.Name, ""))
	}
}
