package wire_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestEvidenceThatIsUnknownIsRefusedOnBothSides(t *testing.T) {
	for name, test := range map[string]struct {
		sent     core.Evidence
		received *pb.ScoreRequest
		says     string
	}{
		"a role in the conversation": {
			core.Evidence{Conversation: []core.Message{{Role: "heckler"}}},
			&pb.ScoreRequest{Conversation: []*pb.Message{{Role: 99}}}, "conversation: message 1",
		},
		"the modality of a value": {
			core.Evidence{Values: []core.Value{core.TextValue("x"), {Modality: "smell"}}},
			&pb.ScoreRequest{Values: []*pb.Value{{Modality: pb.Modality_MODALITY_TEXT}, {Modality: 99}}}, "value 2",
		},
	} {
		if _, err := wire.EncodeEvidence("1", test.sent); core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), test.says) {
			t.Errorf("encoding %s: error %v, want a protocol error that says %q", name, err, test.says)
		}
		if _, err := wire.DecodeEvidence(test.received); core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), test.says) {
			t.Errorf("decoding %s: error %v, want a protocol error that says %q", name, err, test.says)
		}
	}
}

func TestTheSpanOfACallIsReadFromItsMetadata(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, test := range map[string]struct {
		pairs []string
		valid bool
		state string
	}{
		"none":            {nil, false, ""},
		"a parent":        {[]string{"traceparent", parent}, true, ""},
		"and a state":     {[]string{"traceparent", parent, "tracestate", "a=1"}, true, "a=1"},
		"two states":      {[]string{"traceparent", parent, "tracestate", "a=1", "tracestate", "b=2"}, true, ""},
		"two parents":     {[]string{"traceparent", parent, "traceparent", parent}, false, ""},
		"a broken parent": {[]string{"traceparent", "00-xyz"}, false, ""},
	} {
		span := wire.TraceOf(metadata.NewIncomingContext(context.Background(), metadata.Pairs(test.pairs...)))
		if span.IsValid() != test.valid || span.TraceState().String() != test.state {
			t.Errorf("%s: the span %v has the state %q, want valid: %v and %q", name, span, span.TraceState(), test.valid, test.state)
		}
	}
}
