package audio

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// lineRate is the sample rate, in Hz, of a telephone line.
const lineRate = 8000

type telephoneConfig struct {
	Law  string `json:"law" doc:"The companding of the line: mu (North America, Japan) or a (elsewhere)." enum:"mu,a"`
	Rate int    `json:"rate" doc:"The sample rate, in Hz, of the result. More than 8000 changes the file, not what can be heard." min:"8000" max:"48000"`
}

// Validate refuses unknown companding laws and rates outside 8000 to 48000 Hz.
func (c telephoneConfig) Validate() error {
	var problems []error
	if c.Law != "mu" && c.Law != "a" {
		problems = append(problems, core.Errorf(core.ErrorConfig, "%q is not a companding law", c.Law).At("law").WithHint("mu or a"))
	}
	if c.Rate < lineRate || c.Rate > 48000 {
		problems = append(problems, core.Errorf(core.ErrorConfig, "%d Hz is outside 8000 to 48000 Hz", c.Rate).At("rate"))
	}
	return errors.Join(problems...)
}

func telephoneComponent() core.Component {
	return core.NewConverter(
		core.Info{
			Name:        "audio/telephone",
			Summary:     "Sends speech over a telephone line.",
			Description: "The audio is limited to the band of a telephone (sampled at 8 kHz), companded to the eight bits of G.711 and expanded again. The result is mono 16-bit WAV.",
			In:          []core.Modality{core.Audio},
			Out:         []core.Modality{core.Audio},
		},
		telephoneConfig{Law: "mu", Rate: lineRate},
		func(_ context.Context, c telephoneConfig) (core.Converter, error) { return telephone{c}, nil })
}

type telephone struct{ config telephoneConfig }

var _ core.Converter = telephone{}

// Convert implements [core.Converter].
func (t telephone) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	clip, err := hear(ctx, in)
	if err != nil {
		return core.Value{}, err
	}
	line := clip.Resample(lineRate)
	if t.config.Law == "a" {
		line.Samples = audio.DecodeALaw(audio.EncodeALaw(line.Samples))
	} else {
		line.Samples = audio.DecodeMuLaw(audio.EncodeMuLaw(line.Samples))
	}
	return core.WAVValue(audio.EncodeWAV(line.Resample(t.config.Rate))), nil
}
