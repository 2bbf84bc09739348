package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// spoken are two calls of a trial, with a sound and a long text.
func spoken() []record.RecordedCall {
	long := core.TextValue(strings.Repeat("a\xff", 40<<10))
	return []record.RecordedCall{
		{Call: record.Call{Kind: record.CallStart, Name: "agent"}},
		{
			Index:  1,
			Call:   record.Call{Kind: record.CallConvert, Name: "speak", Values: []core.Value{long}},
			Answer: record.Answer{Value: core.WAVValue([]byte("RIFF"))},
		},
	}
}

func TestCallsAreKept(t *testing.T) {
	described, err := schema.Of(struct {
		Voice string `json:"voice" doc:"A voice." required:"true"`
	}{})
	must(t, err)
	info := core.Info{Kind: core.KindConverter, Name: "speech", Summary: "Speaks.", In: []core.Modality{core.Text}}
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{Recorded: true, Components: record.Catalog{{Info: info, Schema: described}}, Origin: "before", OriginKind: store.Replay})
	must(t, j.BeginTrial(trialAt(1, 0), start))
	for _, r := range spoken() {
		must(t, j.RecordCall(trial(1).ID, r))
	}
	must(t, j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}), j.Finish(store.Finished, "", start))

	run, err := s.Run(t.Context(), "latest")
	must(t, err)
	if !run.Recorded || run.Origin != "before" || run.OriginKind != store.Replay {
		t.Errorf("run %+v", run)
	}
	got, err := s.Calls(t.Context(), run.ID, trial(1).ID, 1)
	must(t, err)
	if diff := cmp.Diff(spoken(), got, cmpopts.EquateEmpty(), atOnce); diff != "" {
		t.Errorf("calls (-recorded +read):\n%s", diff)
	}
	known, err := s.Components(t.Context(), run.ID)
	must(t, err)
	gotInfo, gotSchema, ok := known.Lookup(core.KindConverter, "speech")
	if !ok || !cmp.Equal(info, gotInfo) || len(gotSchema.Check([]byte("{}"))) != 1 {
		t.Errorf("components %+v", known)
	}
	if names := known.Names(core.KindConverter); !cmp.Equal([]string{"speech"}, names) {
		t.Errorf("names %v", names)
	}

	files, err := filepath.Glob(filepath.Join(dir, "artifacts", "*", "*"))
	must(t, err)
	if len(files) != 2 {
		t.Fatalf("artifacts %v, want the sound and the long text", files)
	}
	must(t, os.Remove(files[0]))
	if _, err := s.Calls(t.Context(), run.ID, trial(1).ID, 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without an artifact: %v, want ErrNotFound", err)
	}
}

func TestTheCallsOfAnAttemptAreReadByItsNumber(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{Recorded: true, Plan: "plan", Trials: 1})
	must(t, j.BeginTrial(trialAt(1, 0), start), j.RecordCall(trial(1).ID, spoken()[1]), j.Finish(store.Interrupted, "", start))
	claim, err := s.Claim(t.Context(), j.Run())
	must(t, err)
	if !claim.Run.Recorded {
		t.Error("it is not known any more that the run is recorded")
	}
	j, err = claim.Resume(t.Context(), store.Session{Started: start})
	must(t, err)
	must(t, j.BeginTrial(trialAt(1, 0), start), j.RecordCall(trial(1).ID, spoken()[0]),
		j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}))
	got, err := s.Calls(t.Context(), j.Run(), trial(1).ID, 2)
	must(t, err)
	if len(got) != 1 || got[0].Call.Kind != record.CallStart {
		t.Errorf("calls %+v, want that of the second attempt", got)
	}
}
