package cost_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	wav "github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
)

// The rule is the one of docs/campaign.md: four bytes of text to a token, ten tokens for a
// second that is heard and twenty for one that is said, 765 for an image.
func TestTokensAreEstimatedByTheDocumentedRule(t *testing.T) {
	sound := func(samples int) core.Value {
		return core.WAVValue(wav.EncodeWAV(wav.Clip{Rate: 8000, Samples: make([]int16, samples)}))
	}
	image := core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: []byte("\x89PNG\r\n\x1a\n")}
	for name, test := range map[string]struct {
		value      core.Value
		sent, said core.Usage
	}{
		"no text":               {core.TextValue(""), core.Usage{}, core.Usage{}},
		"four bytes":            {core.TextValue("abcd"), core.Usage{InputTokens: 1}, core.Usage{OutputTokens: 1}},
		"five bytes":            {core.TextValue("abcde"), core.Usage{InputTokens: 2}, core.Usage{OutputTokens: 2}},
		"a longer text":         {core.TextValue(strings.Repeat("x", 4000)), core.Usage{InputTokens: 1000}, core.Usage{OutputTokens: 1000}},
		"an image":              {image, core.Usage{InputTokens: 765}, core.Usage{OutputTokens: 765}},
		"a second":              {sound(8000), core.Usage{InputTokens: 10, InputAudioTokens: 10}, core.Usage{OutputTokens: 20, OutputAudioTokens: 20}},
		"a little more":         {sound(8001), core.Usage{InputTokens: 11, InputAudioTokens: 11}, core.Usage{OutputTokens: 21, OutputAudioTokens: 21}},
		"sound that is damaged": {core.WAVValue([]byte("RIFF")), core.Usage{}, core.Usage{}},
	} {
		message := core.Message{Parts: []core.Part{{Value: test.value}}}
		if got := cost.EstimateUsage([]core.Message{message}, core.Message{}); got != test.sent {
			t.Errorf("%s, sent: %+v, want %+v", name, got, test.sent)
		}
		if got := cost.EstimateUsage(nil, message); got != test.said {
			t.Errorf("%s, said: %+v, want %+v", name, got, test.said)
		}
	}
}
