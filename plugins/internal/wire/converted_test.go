package wire_test

import (
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestWhatAConverterMadeCrossesWithItsWarnings(t *testing.T) {
	for name, test := range map[string]struct{ given, want []string }{
		"none":    {nil, nil},
		"two":     {[]string{"cannot say é", "cut off"}, []string{"cannot say é", "cut off"}},
		"no UTF8": {[]string{"a\xffb"}, []string{"a\uFFFDb"}},
	} {
		encoded, err := wire.EncodeConverted(core.WAVValue([]byte("RIFF")), test.given)
		if err != nil {
			t.Fatal(err)
		}
		value, warnings, err := wire.DecodeConverted(cross(t, encoded))
		if err != nil || value.Modality != core.Audio || string(value.Data) != "RIFF" || !slices.Equal(warnings, test.want) {
			t.Errorf("%s: %+v, %q, %v", name, value, warnings, err)
		}
	}
}

func TestAConversionThatIsNoneIsRefused(t *testing.T) {
	if _, err := wire.EncodeConverted(core.Value{Modality: "smell"}, nil); err == nil {
		t.Error("a value of no known modality was encoded")
	}
	whole, err := wire.EncodeConverted(core.TextValue("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	whole.Warnings = make([]string, 257)
	for name, r := range map[string]*pb.ConvertResponse{"no value": {}, "no answer": nil, "too many warnings": whole} {
		if _, _, err := wire.DecodeConverted(r); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("%s: error %v, want a protocol error", name, err)
		}
	}
}
