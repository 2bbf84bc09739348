package cost_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
)

func TestAPriceIsThatOfAMillionTokensOfASort(t *testing.T) {
	price := cost.Price{InputText: 4, OutputText: 16, InputAudio: 32, OutputAudio: 64}
	for name, test := range map[string]struct {
		used core.Usage
		want float64
	}{
		"nothing":                {core.Usage{}, 0},
		"text":                   {core.Usage{InputTokens: 500_000, OutputTokens: 250_000}, 6},
		"audio":                  {core.Usage{InputTokens: 1_000_000, InputAudioTokens: 1_000_000, OutputTokens: 1_000_000, OutputAudioTokens: 1_000_000}, 96},
		"both":                   {core.Usage{InputTokens: 1_000_000, InputAudioTokens: 250_000, InputTextTokens: 750_000}, 11},
		"more audio than tokens": {core.Usage{InputTokens: 1_000_000, InputAudioTokens: 9_000_000}, 32},
	} {
		if got := price.Of(test.used); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
