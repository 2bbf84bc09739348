package cost

import "github.com/redteam-orchestrator/orchestrator/core"

// Prices are what the use of targets costs.
type Prices struct {
	// Currency is any text, such as USD.
	Currency string
	// Targets are the prices of each target that has one, by its name.
	Targets map[string]Price
}

// Price is what a million tokens of each sort cost.
type Price struct {
	InputText, OutputText   float64
	InputAudio, OutputAudio float64
}

const perMillion = 1e-6

// Of returns what a use costs. Tokens that are not of audio have the price of
// text.
func (p Price) Of(u core.Usage) float64 {
	in, out := min(u.InputAudioTokens, u.InputTokens), min(u.OutputAudioTokens, u.OutputTokens)
	return perMillion * (float64(in)*p.InputAudio + float64(u.InputTokens-in)*p.InputText +
		float64(out)*p.OutputAudio + float64(u.OutputTokens-out)*p.OutputText)
}
