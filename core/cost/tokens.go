package cost

import (
	"math"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// BytesPerToken is how long a token of text is taken to be, as it is in English.
const BytesPerToken = 4

// What is taken for the other tokens that no provider counted. The rates of audio are those that
// OpenAI documents for its voice models: a token for 100 ms that it hears, and
// one for 50 ms that it says. An image has those of a picture of 1,024 pixels
// square.
const (
	heardPerSecond = 10
	saidPerSecond  = 20
	perImage       = 765
)

// EstimateUsage returns about how many tokens messages have that were sent, and
// a reply, by the rule that docs/campaign.md gives.
func EstimateUsage(sent []core.Message, reply core.Message) core.Usage {
	var u core.Usage
	for _, m := range sent {
		for _, p := range m.Parts {
			n := tokensOf(p.Value, heardPerSecond)
			u.InputTokens += n
			if p.Modality == core.Audio {
				u.InputAudioTokens += n
			}
		}
	}
	for _, p := range reply.Parts {
		n := tokensOf(p.Value, saidPerSecond)
		u.OutputTokens += n
		if p.Modality == core.Audio {
			u.OutputAudioTokens += n
		}
	}
	return u
}

// tokensOf estimates the tokens of a value. Sound that cannot be read has none.
func tokensOf(v core.Value, perSecond float64) int64 {
	switch v.Modality {
	case core.Audio:
		clip, _, err := audio.FromValue(v)
		if err != nil {
			return 0
		}
		return int64(math.Ceil(clip.Duration().Seconds() * perSecond))
	case core.Image:
		return perImage
	default:
		return TextTokens(len(v.Data))
	}
}

// TextTokens returns about how many tokens a text of so many bytes has.
func TextTokens(bytes int) int64 { return int64((bytes + BytesPerToken - 1) / BytesPerToken) }
