package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestRestrictionsCross(t *testing.T) {
	want := []core.Restriction{
		{In: core.Image, Hint: "put $(image) into the request"},
		{Out: core.Audio},
		{Capability: core.CapabilityMultiTurn, Hint: strings.Repeat("h", 4<<10)},
	}
	encoded, err := wire.EncodeRestrictions(append(want[:2:2], core.Restriction{Capability: core.CapabilityMultiTurn, Hint: strings.Repeat("h", 4<<10)}))
	if err != nil {
		t.Fatal(err)
	}
	crossed := cross(t, &pb.CheckConfigResponse{Restrictions: encoded})
	if diff := cmp.Diff(want, wire.DecodeRestrictions(crossed.GetRestrictions())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARestrictionThatIsNoneIsNotSent(t *testing.T) {
	for _, r := range []core.Restriction{{}, {Hint: "h"}, {In: core.Text, Out: core.Text}, {In: "smell"}, {Out: "smell"}} {
		if got, err := wire.EncodeRestrictions([]core.Restriction{r}); err == nil || len(got) > 0 {
			t.Errorf("%+v was encoded as %v", r, got)
		}
	}
}

func TestWhatANewerPluginRestrictsIsLeftOut(t *testing.T) {
	got := wire.DecodeRestrictions([]*pb.Restriction{
		nil,
		{},
		{Hint: "h"},
		{What: &pb.Restriction_In{In: 99}},
		{What: &pb.Restriction_Out{Out: 99}},
		{What: &pb.Restriction_In{}},
		{What: &pb.Restriction_Capability{Capability: "telepathy"}, Hint: strings.Repeat("h", 5<<10)},
	})
	if len(got) != 1 || got[0].Capability != "telepathy" || len(got[0].Hint) > 4<<10 {
		t.Errorf("decoded %+v, want the one capability with a shortened hint", got)
	}
}
