package realtime

import (
	"bytes"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// format is the encoding of raw audio in one direction: one channel; for
// audio/pcm 16-bit little-endian samples.
type format struct {
	Type string `json:"type"`
	// Rate is in Hz. The protocol writes it for PCM only.
	Rate int `json:"rate,omitempty"`
}

// pcmRate is the only rate, in Hz, that the protocol has for PCM, and g711Rate
// that of a telephone line.
const (
	pcmRate  = 24000
	g711Rate = 8000
)

// negotiated returns the format in session.updated, or else the requested one.
func negotiated(wanted format, said *format) (format, error) {
	f := wanted
	if said != nil && said.Type != "" {
		f = *said
	}
	switch f.Type {
	case "audio/pcm":
		if f.Rate == 0 {
			f.Rate = pcmRate
		}
	case "audio/pcmu", "audio/pcma":
		f.Rate = g711Rate
	default:
		return f, core.Errorf(core.ErrorUnsupported, "the service uses %q for audio, and not %s as asked", f.Type, wanted.Type)
	}
	if f.Rate < 8000 || f.Rate > 192000 {
		return f, core.Errorf(core.ErrorProtocol, "the service says its audio has %d samples a second", f.Rate)
	}
	return f, nil
}

// encode turns a WAV file into raw audio, with warnings about the file.
func (f format) encode(wav []byte) (raw []byte, warnings []string, err error) {
	clip, warnings, err := audio.DecodeWAV(wav)
	if err != nil {
		return nil, nil, core.Errorf(core.ErrorInput, "reading the audio: %w", err)
	}
	if len(clip.Samples) == 0 {
		return nil, nil, core.Errorf(core.ErrorInput, "the audio is empty")
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
		wav, err := audio.EncodePCM(raw, f.Rate)
		if err != nil {
			return nil, fmt.Errorf("reading the audio of the reply: %w", err)
		}
		return wav, nil
	}
	return audio.EncodeWAV(clip), nil
}

// bytes returns the number of bytes of raw audio for a duration, in whole
// samples.
func (f format) bytes(d time.Duration) int {
	return int(d.Seconds()*float64(f.Rate)) * f.sampleSize()
}

// duration returns how long raw audio plays.
func (f format) duration(bytes int) time.Duration {
	return time.Duration(float64(bytes/f.sampleSize()) / float64(f.Rate) * float64(time.Second))
}

func (f format) sampleSize() int {
	if f.Type == "audio/pcm" {
		return 2
	}
	return 1
}

// silence returns raw audio of digital silence.
func (f format) silence(d time.Duration) []byte {
	level := byte(0)
	switch f.Type {
	case "audio/pcmu":
		level = 0xFF
	case "audio/pcma":
		level = 0xD5
	}
	return bytes.Repeat([]byte{level}, f.bytes(d))
}

// odd returns the number of bytes beyond the last whole sample.
func (f format) odd(n int) int {
	if f.Type == "audio/pcm" {
		return n % 2
	}
	return 0
}
