package realtime

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// format is how raw audio travels in one direction: one channel, and for
// audio/pcm 16-bit little-endian samples.
type format struct {
	Type string `json:"type"`
	// Rate is in Hz. The protocol writes it for PCM only.
	Rate int `json:"rate,omitempty"`
}

// wanted is the format the target asks for: the only rate the protocol has
// for PCM.
func wanted() format { return format{Type: "audio/pcm", Rate: 24000} }

// negotiated returns the format that the service says it uses, if it says so.
func negotiated(echo *format) (format, error) {
	if echo == nil || echo.Type == "" {
		return wanted(), nil
	}
	f := *echo
	switch f.Type {
	case "audio/pcm":
		if f.Rate == 0 {
			f.Rate = wanted().Rate
		}
	case "audio/pcmu", "audio/pcma":
		f.Rate = 8000
	default:
		return f, core.Errorf(core.KindUnsupported, "the service uses %q for audio, and not audio/pcm as asked", f.Type)
	}
	if f.Rate < 8000 || f.Rate > 192000 {
		return f, core.Errorf(core.KindProtocol, "the service says its audio has %d samples a second", f.Rate)
	}
	return f, nil
}

// encode turns a WAV file into raw audio, with warnings about the file.
func (f format) encode(wav []byte) (raw []byte, warnings []string, err error) {
	clip, warnings, err := audio.DecodeWAV(wav)
	if err != nil {
		return nil, nil, core.Errorf(core.KindInput, "reading the audio: %w", err)
	}
	if len(clip.Samples) == 0 {
		return nil, nil, core.Errorf(core.KindInput, "the audio is empty")
	}
	clip = clip.Resample(f.Rate)
	switch f.Type {
	case "audio/pcmu":
		raw = audio.EncodeMuLaw(clip.Samples)
	case "audio/pcma":
		raw = audio.EncodeALaw(clip.Samples)
	default:
		raw = clip.PCM()
	}
	return raw, warnings, nil
}

// wav turns raw audio into a WAV file.
func (f format) wav(raw []byte) ([]byte, error) {
	clip := audio.Clip{Rate: f.Rate}
	switch f.Type {
	case "audio/pcmu":
		clip.Samples = audio.DecodeMuLaw(raw)
	case "audio/pcma":
		clip.Samples = audio.DecodeALaw(raw)
	default:
		var err error
		if clip, err = audio.FromPCM(raw, f.Rate); err != nil {
			return nil, fmt.Errorf("reading the audio of the reply: %w", err)
		}
	}
	return audio.EncodeWAV(clip), nil
}

// odd returns how many of n bytes are too many for whole samples.
func (f format) odd(n int) int {
	if f.Type == "audio/pcm" {
		return n % 2
	}
	return 0
}
