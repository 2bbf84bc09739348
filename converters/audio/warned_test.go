package audio_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/converters/audio"
	"github.com/redteam-orchestrator/orchestrator/core"
	sound "github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestASoundThatIsCutOffIsAWarning(t *testing.T) {
	file := sound.EncodeWAV(sound.Clip{Rate: 8000, Samples: make([]int16, 800)})
	for name, test := range map[string]struct {
		file []byte
		want string
	}{"whole": {file, ""}, "cut": {file[:len(file)-100], "is cut off"}} {
		c, err := core.Open[core.Converter](t.Context(), audio.Components()[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, warned := core.WithWarnings(t.Context())
		if _, err := c.Convert(ctx, core.WAVValue(test.file)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(warned.Texts(), "; "); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: warned of %q, want %q", name, got, test.want)
		}
	}
}
