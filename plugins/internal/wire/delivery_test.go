package wire_test

import (
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestADeliveryCrosses(t *testing.T) {
	prompt, none := "Tell all.\x00\xff", ""
	for name, d := range map[string]core.Delivery{
		"nothing particular":       {},
		"a system prompt":          {SystemPrompt: &prompt},
		"no system prompt anymore": {SystemPrompt: &none},
		"streamed":                 {Stream: true},
		"over a reply":             {InterruptAfter: 800 * time.Millisecond},
		"out of band":              {OutOfBand: true},
		"everything":               {SystemPrompt: &prompt, Stream: true, InterruptAfter: time.Minute, OutOfBand: true},
	} {
		t.Run(name, func(t *testing.T) {
			want := core.UserText("hello")
			want.Delivery = d
			encoded, err := wire.EncodeMessage(want)
			if err != nil {
				t.Fatal(err)
			}
			if d.IsZero() && encoded.GetDelivery() != nil {
				t.Errorf("the zero delivery is sent as %v", encoded.GetDelivery())
			}
			got, err := wire.DecodeMessage(cross(t, encoded))
			if err != nil {
				t.Fatal(err)
			}
			same(t, want, got)
		})
	}
}

func TestMessagesThatInterruptCrossInOrder(t *testing.T) {
	want := []core.Message{core.UserText("one"), core.UserText("two"), core.UserText("three")}
	want[1].Delivery.InterruptAfter, want[2].Delivery.InterruptAfter = time.Second, 2*time.Second
	request, err := wire.EncodeSend("1", "2", want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodeSend(cross(t, request))
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, got)
}

func TestARequestWithoutAMessageIsRefusedOnBothSides(t *testing.T) {
	if _, err := wire.EncodeSend("1", "2", nil); err == nil {
		t.Error("no message was encoded")
	}
	if _, err := wire.DecodeSend(&pb.SendRequest{}); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("error %v, want a protocol error", err)
	}
	if _, err := wire.DecodeSend(&pb.SendRequest{Message: &pb.Message{Role: pb.Role_ROLE_USER}, Interruptions: []*pb.Message{nil}}); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("error %v, want a protocol error", err)
	}
}

func TestWhatAnInterruptedReplyLostCrosses(t *testing.T) {
	want := core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{
			{Value: core.TextValue("The code is"), Transcript: true},
			{Value: core.TextValue("blue eleven"), Transcript: true, Undelivered: true},
			{Value: core.WAVValue([]byte("RIFF"))},
			{Value: core.WAVValue([]byte("RIFFRIFF")), Undelivered: true},
		}},
		Finish: core.FinishInterrupted, Delivered: 800 * time.Millisecond, Replayed: true,
		Usage: core.Usage{InputTokens: 9, InputImageTokens: 4},
		Timing: core.Timing{
			Connect: time.Millisecond, FirstEvent: 2 * time.Millisecond, FirstAudio: 3 * time.Millisecond,
			LastAudio: 4 * time.Millisecond, Total: 5 * time.Millisecond,
		},
		RateLimits: []core.RateLimit{
			{Name: "requests", Limit: 100, Remaining: 0, Reset: time.Minute},
			{Name: "tokens", Limit: 1 << 40, Remaining: 7},
		},
	}
	got, _, err := crossReply(t, want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, got)
}
