package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestNoticesAreKeptWithTheRunThatTheyAreAbout(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{Campaign: "demo"})
	must(t, j.Finish(store.Finished, "", start))
	want := []store.Notice{
		{At: start, Webhook: "${HOOK}", Baseline: "a", Occasions: []string{"new_finding"}, Tries: 1},
		{At: start.Add(time.Second), Webhook: "https://h/…", Baseline: "a", Occasions: []string{"asr_moved"}, Tries: 6, Failure: "the webhook answered 500"},
	}
	for _, n := range want {
		must(t, s.RecordNotice(t.Context(), j.Run(), n))
	}
	reader, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer reader.Close()
	got, err := reader.Notices(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-recorded +read:\n%s", diff)
	}
}

func TestNobodyWasToldOfRunsOfEarlierVersions(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		reader, err := store.OpenReader(t.Context(), dir)
		must(t, err)
		if notices, err := reader.Notices(t.Context(), "old"); err != nil || len(notices) > 0 {
			t.Errorf("notices %v, %v; want none", notices, err)
		}
		must(t, reader.Close())
		s := open(t, dir)
		must(t, s.RecordNotice(t.Context(), "old", store.Notice{At: start, Webhook: "${HOOK}"}))
		if notices, err := s.Notices(t.Context(), "old"); err != nil || len(notices) != 1 {
			t.Errorf("notices %v, %v; want one", notices, err)
		}
	})
}

func TestTheRunBeforeIsTheLatestOfTheCampaignThatGaveEvidence(t *testing.T) {
	s := open(t, t.TempDir())
	hold := func(id, name string, after time.Duration, status store.Status, outcome core.Outcome) store.Run {
		j := begin(t, s, store.Run{ID: id, Campaign: name, Trials: 1, Started: start.Add(after)})
		must(t, j.BeginTrial(trialAt(1, 0), start), j.EndTrial(trial(1).ID, record.Result{Outcome: outcome, Ended: start}),
			j.Finish(status, "", start.Add(after)))
		run, err := s.Run(t.Context(), id)
		must(t, err)
		return run
	}
	first := hold("1-first", "demo", 1*time.Hour, store.Finished, core.Defended)
	hold("2-errored", "demo", 2*time.Hour, store.Finished, core.Errored)
	hold("3-stopped", "demo", 3*time.Hour, store.Interrupted, core.Defended)
	hold("4-other", "other", 4*time.Hour, store.Finished, core.Succeeded)
	last := hold("5-last", "demo", 5*time.Hour, store.Finished, core.Succeeded)
	hold("6-later", "demo", 6*time.Hour, store.Finished, core.Defended)

	before, err := s.Previous(t.Context(), last)
	must(t, err)
	if before.ID != first.ID {
		t.Errorf("before %s was %s, want %s", last.ID, before.ID, first.ID)
	}
	if _, err := s.Previous(t.Context(), first); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("before the first run: %v, want ErrNotFound", err)
	}
}
