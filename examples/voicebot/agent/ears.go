package agent

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	// serverRate is the sample rate, in Hz, of what the server hands over and
	// is handed.
	serverRate = 24000
	// earRate is the sample rate, in Hz, that the recogniser was trained on.
	earRate = 16000
	// telephoneRate is the sample rate, in Hz, of a telephone line.
	telephoneRate = 8000
	// silence is the level, in dBFS, below which nobody can be speaking.
	silence = -65
)

// Hear returns what somebody says in mono PCM16 at 24,000 Hz, in lower case
// and without punctuation; "" where there is nothing to be heard.
func (a *Agent) Hear(ctx context.Context, pcm []byte) (string, error) {
	clip, err := audio.FromPCM(pcm, serverRate)
	if err != nil {
		return "", fmt.Errorf("hearing: %w", err)
	}
	if clip.RMS() < silence {
		return "", nil
	}
	if clip = clip.Resample(earRate); isTelephone(clip) {
		clip = widened(clip.Resample(telephoneRate))
	}
	heard, err := a.transcribe.Convert(ctx, core.WAVValue(audio.EncodeWAV(clip)))
	if err != nil {
		return "", fmt.Errorf("hearing: %w", err)
	}
	return strings.TrimSpace(heard.Text()), nil
}

// isTelephone reports whether speech is as good as empty above 4.5 kHz. Speech
// from a microphone is 18 to 35 dB quieter there than as a whole, from a
// telephone more than 60.
func isTelephone(clip audio.Clip) bool {
	kept := clip.Resample(9600).Resample(clip.Rate).Samples
	lost := audio.Clip{Rate: clip.Rate, Samples: make([]int16, min(len(kept), len(clip.Samples)))}
	for i := range lost.Samples {
		lost.Samples[i] = clip.Samples[i] - kept[i]
	}
	return lost.RMS() < clip.RMS()-50
}

// widened returns speech from a telephone line at twice its rate, with the
// upper half of the spectrum the mirror image of the lower: what a converter
// without a filter would make of it.
//
// The recogniser was trained on speech of 16 kHz. It takes an empty upper half
// for a different sound, and hears "one shot" in place of "good morning, this is
// the branch manager". The image stands for what the line cut off: the sounds
// that live up there, s and f above all, are the ones that are loud just below
// the cut.
func widened(narrow audio.Clip) audio.Clip {
	wide := audio.Clip{Rate: 2 * narrow.Rate, Samples: make([]int16, 2*len(narrow.Samples))}
	for i, s := range narrow.Samples {
		wide.Samples[2*i] = int16(max(math.MinInt16, min(math.MaxInt16, 2*int(s))))
	}
	return wide
}
