package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The sample rates, in Hz, that a WAV file or raw PCM may have.
const (
	MinRate = 4_000
	MaxRate = 384_000
)

// Clip is a piece of mono audio. Its methods do not change it.
type Clip struct {
	// Rate is the number of samples per second, in Hz.
	Rate int
	// Samples are signed 16-bit amplitudes.
	Samples []int16
}

// FromPCM returns raw little-endian 16-bit PCM as a clip. It fails with
// [core.ErrorInput] for half a sample at the end and for a rate outside
// [MinRate] to [MaxRate].
func FromPCM(pcm []byte, rate int) (Clip, error) {
	if err := checkPCM(pcm, rate); err != nil {
		return Clip{}, err
	}
	samples := make([]int16, len(pcm)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(pcm[2*i:]))
	}
	return Clip{Rate: rate, Samples: samples}, nil
}

// PCM returns the samples as raw little-endian bytes, two per sample.
func (c Clip) PCM() []byte {
	pcm := make([]byte, 2*len(c.Samples))
	c.putPCM(pcm)
	return pcm
}

// putPCM writes the samples into pcm, which has room for them.
func (c Clip) putPCM(pcm []byte) {
	for i, s := range c.Samples {
		binary.LittleEndian.PutUint16(pcm[2*i:], uint16(s))
	}
}

// Duration returns how long the clip plays, and 0 if it has no rate.
func (c Clip) Duration() time.Duration {
	if c.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(len(c.Samples)) / float64(c.Rate) * float64(time.Second))
}

func checkPCM(pcm []byte, rate int) error {
	if err := checkRate(int64(rate)); err != nil {
		return err
	}
	if len(pcm)%2 != 0 {
		return core.Errorf(core.ErrorInput, "16-bit audio of %d bytes ends in the middle of a sample", len(pcm))
	}
	return nil
}

func checkRate(rate int64) error {
	if rate < MinRate || rate > MaxRate {
		return core.Errorf(core.ErrorInput, "a sample rate of %d Hz is outside %d to %d Hz", rate, MinRate, MaxRate)
	}
	return nil
}

// quantise returns the sample nearest to an amplitude, where 1 is one step above
// the largest sample. Amplitudes out of range are clipped; NaN gives 0.
func quantise(amplitude float64) int16 {
	scaled := math.RoundToEven(amplitude * fullScale)
	switch {
	case math.IsNaN(scaled):
		return 0
	case scaled > math.MaxInt16:
		return math.MaxInt16
	case scaled < math.MinInt16:
		return math.MinInt16
	}
	return int16(scaled)
}

// fullScale is the amplitude, in samples, that counts as 1.
const fullScale = 32768

// FromValue decodes an audio value as [DecodeWAV] does and returns its warnings.
// It fails with [core.ErrorUnsupported] if the value is not audio, or its media
// type is not WAV.
func FromValue(v core.Value) (Clip, []string, error) {
	if err := checkWAV(v); err != nil {
		return Clip{}, nil, err
	}
	return DecodeWAV(v.Data)
}

// checkWAV checks that a value is audio by its modality, and WAV by its media type.
func checkWAV(v core.Value) error {
	if v.Modality != core.Audio {
		return core.Errorf(core.ErrorUnsupported, "the value is %s, not audio", v.Modality)
	}
	switch v.BaseMediaType() {
	case core.MediaWAV, "audio/x-wav", "audio/wave", "audio/vnd.wave":
		return nil
	}
	return core.Errorf(core.ErrorUnsupported, "audio of the media type %q is not WAV", v.MediaType)
}

// String returns the clip's duration and rate.
func (c Clip) String() string { return fmt.Sprintf("%v at %d Hz", c.Duration(), c.Rate) }
