package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestARunKeepsWhatItSpokeToInTheClear(t *testing.T) {
	s := open(t, t.TempDir())
	want := []store.PlainAddress{{Definition: `target "agent"`, Host: "agent.example:8000"}, {Definition: `converter "speak"`, Host: "10.0.0.1:80"}}
	j := begin(t, s, store.Run{Plain: want})
	must(t, j.Finish(store.Finished, "", start))
	run, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(want, run.Plain); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestARunKeepsTheValuesThatItsCampaignWasGiven(t *testing.T) {
	s := open(t, t.TempDir())
	want := []store.Value{
		{Name: "model", Value: "big \x00 \xff", Source: "--set"},
		{Name: "trials", Value: "", Source: "default"},
		{Definition: `target "agent"`, Name: "api_key", Value: "${KEY}", Source: "KEY"},
	}
	j := begin(t, s, store.Run{Values: want})
	must(t, j.Finish(store.Finished, "", start))
	run, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(want, run.Values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
