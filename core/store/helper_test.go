package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// helped are helper turns with everything that one can hold.
func helped() []record.HelperTurn {
	whole := everything()
	whole.Scores = nil
	whole.Index = 0
	failed := record.Turn{
		Index: 1, Started: start, Ended: start.Add(time.Second), Sent: core.Message{Role: core.User},
		Failure: &record.Failure{Kind: core.ErrorUnavailable, Message: "nobody there", Hint: "start it"},
	}
	return []record.HelperTurn{
		{
			Turn: whole, Kind: core.KindScorer, By: "leaked", For: 0, Target: "judge", Conversation: 0,
			Start: core.Start{SystemPrompt: "Judge \x00\xff", History: []core.Message{
				core.UserText("before"),
				{Role: core.Assistant, Parts: []core.Part{{Value: core.WAVValue([]byte("RIFF history"))}, {Value: core.TextValue("yes")}}},
			}},
		},
		{Turn: failed, Kind: core.KindConverter, By: "reword", For: 1, Target: "writer", Conversation: 1},
	}
}

func TestWhatHelpersWereAskedIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{})
	turn := everything()
	want := helped()
	must(t,
		j.BeginTrial(trialAt(1, 0), start),
		j.RecordTurn(trial(1).ID, turn),
		j.RecordHelperTurn(trial(1).ID, want[0]),
		j.RecordHelperTurn(trial(1).ID, want[1]),
	)
	reader, err := store.OpenReader(t.Context(), dir) // it is durable by now
	must(t, err)
	defer func() { must(t, reader.Close()) }()
	for _, from := range []*store.Reader{s.Reader, reader} {
		got, err := from.HelperTurns(t.Context(), j.Run(), trial(1).ID)
		must(t, err)
		if diff := cmp.Diff(want, got, cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("helper turns (-recorded +read):\n%s", diff)
		}
		turns, err := from.Turns(t.Context(), j.Run(), trial(1).ID)
		must(t, err)
		if diff := cmp.Diff([]record.Turn{turn}, turns, cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("the turns beside them (-recorded +read):\n%s", diff)
		}
	}
	if none, err := s.HelperTurns(t.Context(), j.Run(), "another/1"); err != nil || len(none) != 0 {
		t.Errorf("helper turns of another trial: %+v, %v", none, err)
	}
}
