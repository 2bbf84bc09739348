package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestADescriptionCrosses(t *testing.T) {
	want := wire.Description{
		Name: "acme", Version: "1.2.3", SDKVersion: "0.1.0",
		Permissions: core.Permissions{Network: true, Programs: []string{"sox"}},
		Components: []wire.Component{wire.ComponentOf(core.Info{
			Kind: core.KindTarget, Name: "bot/loud", Summary: "A bot.", Description: "It shouts.",
			In: []core.Modality{core.Text, core.Audio}, Out: []core.Modality{core.Audio}, Capabilities: []string{core.CapabilityStream},
		}, json.RawMessage(`{"type":"object"}`)), wire.ComponentOf(core.Info{
			Kind: core.KindScorer, Name: "judge", In: []core.Modality{core.Text}, Scores: core.ScoreScale,
		}, json.RawMessage(`{}`))},
	}
	encoded, err := wire.EncodeDescription(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodeDescription(cross(t, encoded))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsUnknownInADescriptionIsRefusedOnBothSides(t *testing.T) {
	text := []core.Modality{core.Text}
	for what, info := range map[string]core.Info{
		"kind":       {Kind: "oracle", In: text, Out: text},
		"score type": {Kind: core.KindScorer, In: text, Scores: "stars"},
		"input":      {Kind: core.KindTarget, In: []core.Modality{"smell"}, Out: text},
		"output":     {Kind: core.KindTarget, In: text, Out: []core.Modality{"smell"}},
	} {
		_, err := wire.EncodeDescription(wire.Description{Components: []wire.Component{wire.ComponentOf(info, nil)}})
		if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), what) {
			t.Errorf("encoding an unknown %s: error %v, want a protocol error that says so", what, err)
		}
	}
	known := []pb.Modality{pb.Modality_MODALITY_TEXT}
	for what, c := range map[string]*pb.Component{
		"kind":       {Kind: 99, In: known, Out: known},
		"score type": {Kind: pb.Kind_KIND_SCORER, In: known, Scores: 99},
		"input":      {Kind: pb.Kind_KIND_TARGET, In: []pb.Modality{99}, Out: known},
		"output":     {Kind: pb.Kind_KIND_TARGET, In: known, Out: []pb.Modality{99}},
	} {
		_, err := wire.DecodeDescription(&pb.DescribeResponse{Components: []*pb.Component{c}})
		if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), what) {
			t.Errorf("decoding an unknown %s: error %v, want a protocol error that says so", what, err)
		}
	}
}
