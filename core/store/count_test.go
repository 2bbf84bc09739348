package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestTrialsAreCountedByWhatTheyCameTo(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	ctx := t.Context()
	gone := &record.Failure{Kind: core.ErrorUnavailable, Message: "gone", Hint: "is it running?"}
	for i, trial := range []struct {
		attack, variant string
		result          record.Result
	}{
		{"zealous", "studio", record.Result{Outcome: core.Defended}},
		{"zealous", "phone", record.Result{Outcome: core.Errored, Failure: gone}},
		{"zealous", "studio", record.Result{Outcome: core.Defended}},
		{"all", "", record.Result{Outcome: core.Succeeded, Failure: gone}},
		{"zealous", "phone", record.Result{Outcome: core.Errored, Failure: gone}},
		{"all", "", record.Result{}},
	} {
		planned := record.Trial{TrialInfo: record.TrialInfo{ID: string(rune('a' + i)), Attack: trial.attack, Variant: trial.variant}, Ordinal: i}
		must(t, j.BeginTrial(planned, start))
		if trial.result.Outcome != "" {
			must(t, j.EndTrial(planned.ID, trial.result))
		}
	}
	must(t, j.Finish(store.Interrupted, "", start))
	got, err := s.Counts(ctx, j.Run())
	must(t, err)
	want := []store.Count{
		{Attack: "zealous", Variant: "studio", Outcome: core.Defended, Trials: 2},
		{Attack: "zealous", Variant: "phone", Outcome: core.Errored, Failure: gone, Trials: 2},
		{Attack: "all", Outcome: core.Succeeded, Trials: 1},
		{Attack: "all", Trials: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestTheTrialsOfAnAttackAreKeptAndCountedByTheirTargets(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	for i, target := range []string{"old", "old", "new"} {
		planned := record.Trial{TrialInfo: record.TrialInfo{ID: string(rune('a' + i)), Attack: "ask", Target: target}, Ordinal: i}
		must(t, j.BeginTrial(planned, start), j.EndTrial(planned.ID, record.Result{Outcome: core.Defended}))
	}
	must(t, j.Finish(store.Finished, "", start))
	counts, err := s.Counts(t.Context(), j.Run())
	must(t, err)
	want := []store.Count{{Attack: "ask", Target: "old", Outcome: core.Defended, Trials: 2}, {Attack: "ask", Target: "new", Outcome: core.Defended, Trials: 1}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	trials, err := s.Trials(t.Context(), j.Run())
	must(t, err)
	if len(trials) != 3 || trials[0].Target != "old" || trials[2].Target != "new" {
		t.Errorf("the trials are %+v", trials)
	}
}
