package view

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func TestAScheduleShowsWhatIsDueNextAndWhatCameOfTheLastTimes(t *testing.T) {
	nightly, err := schedule.ParseCron("0 3 * * *")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return time.Date(2026, time.November, n, 3, 0, 0, 0, time.UTC) }
	state := schedule.State{
		Name: "nightly", File: "c.yaml", Spec: schedule.Spec{Cron: nightly, Zone: time.UTC, Overlap: schedule.Skip}, Served: true,
		Open:  []schedule.Fire{{Due: day(30), Status: schedule.Started, Run: "r4", Begun: day(30)}},
		Pause: &schedule.Pause{Since: now}, Lacks: "KEY is not set\nthere is no flite",
	}
	fires := []schedule.Fire{
		{Due: day(30), Status: schedule.Started, Run: "r4", Begun: day(30)},
		{Due: day(29), Status: schedule.Skipped, Why: "the run before it still went on"},
		{Due: day(28), Status: schedule.Skipped, Why: "an earlier one"},
		{Due: day(27), Status: schedule.Done, Run: "r3", Begun: day(27), Outcome: "clean"},
		{Due: day(26), Status: schedule.Done, Run: "r2", Begun: day(26), Outcome: "clean"},
	}
	for name, test := range map[string]struct {
		scheduling bool
		want       []string
		not        []string
	}{
		"one that is served": {
			true,
			[]string{
				"next     Tue 1 Dec 2026 03:00 UTC, Wed 2 Dec 2026 03:00 UTC, Thu 3 Dec 2026 03:00 UTC\n",
				": no note\n", "now      started run r4", "not run  skipped, due Sun 29 Nov 2026 03:00 UTC: the run before it still went on",
				"last     done run r3", ": clean", "lacks    KEY is not set\n  lacks    there is no flite\n",
			},
			[]string{"4 Dec", "an earlier one", "r2", "served"},
		},
		"one that no serve has": {false, []string{"served   no: no serve that is running has this campaign"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			NewSchedule(state, fires, test.scheduling, now).Write(&out)
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it lacks %q:\n%s", want, &out)
				}
			}
			for _, not := range test.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("it has %q:\n%s", not, &out)
				}
			}
		})
	}
}

func TestAScheduleThatIsNotDueAnyMoreSaysSo(t *testing.T) {
	var out strings.Builder
	Schedule{Name: "once", Served: true}.Write(&out)
	if !strings.Contains(out.String(), "  next     never\n") {
		t.Errorf("it lacks when it is due:\n%s", &out)
	}
}

func TestTrialsWithoutEvidenceAreCountedThenAndNow(t *testing.T) {
	got := []string{
		unjudged(compare.Cell{}),
		unjudged(compare.Cell{Then: stats.Tally{Undetermined: 1, Errored: 2, Defended: 9}, Now: stats.Tally{Errored: 4}}),
		unjudged(compare.Cell{Now: stats.Tally{Undetermined: 1}}),
	}
	if diff := cmp.Diff([]string{"0", "3, 4", "0, 1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatIsDueNextFollowsWhatIsDecidedUnlessTheClockWasAhead(t *testing.T) {
	hourly, err := schedule.ParseCron("0 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.November, 30, 11, 58, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		decided time.Time
		next    int
		ahead   bool
	}{
		"as it should be":           {now.Add(-58 * time.Minute), 12, false},
		"not yet":                   {time.Time{}, 12, false},
		"decided a little too soon": {now.Add(2 * time.Minute), 13, false},
		"decided an hour too soon":  {now.Add(62 * time.Minute), 12, true},
	} {
		t.Run(name, func(t *testing.T) {
			state := schedule.State{Name: "hourly", Spec: schedule.Spec{Cron: hourly, Zone: time.UTC, Overlap: schedule.Skip}, LastEvaluated: test.decided}
			l := NewSchedule(state, nil, true, now)
			var out strings.Builder
			l.Write(&out)
			if l.Next[0].Hour() != test.next || (l.Ahead != nil) != test.ahead || strings.Contains(out.String(), "clock    was ahead: ") != test.ahead {
				t.Errorf("next %v, ahead %v:\n%s", l.Next, l.Ahead, &out)
			}
		})
	}
}
