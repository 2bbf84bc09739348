package speech

import "github.com/redteam-orchestrator/orchestrator/core/audio"

const (
	// telephoneRate is the sample rate, in Hz, of a telephone line.
	telephoneRate = 8000
	// beyondRate is the lowest rate, in Hz, at which the resampler passes all of
	// a telephone line's 4 kHz.
	beyondRate = 9000
	// Audio counts as that of a telephone line if its level above 4 kHz is at
	// least 50 dB below that of the whole (beyondLevel), or below the level of
	// 16-bit rounding noise in dBFS (roundingLevel).
	beyondLevel   = -50
	roundingLevel = -85
	// mirrored is the share of the mirror image that widen adds. Measured on 8
	// sentences over mu-law with PocketSphinx: word error rate 94 % without
	// it, about 20 % with 0.3 to 1, 15 % for the same sentences in full
	// bandwidth.
	mirrored = 0.3
)

// isNarrow reports whether a clip of 16 kHz has nothing above the band of a
// telephone line.
func isNarrow(c audio.Clip) bool {
	low := c.Resample(beyondRate).Resample(c.Rate)
	rest := audio.Clip{Rate: c.Rate, Samples: make([]int16, min(len(low.Samples), len(c.Samples)))}
	for i := range rest.Samples {
		// Halved, because the filter can overshoot full scale.
		rest.Samples[i] = int16((int(c.Samples[i]) - int(low.Samples[i])) / 2)
	}
	const half = 6 // dB
	beyond := rest.RMS() + half
	return beyond < c.RMS()+beyondLevel || beyond < roundingLevel
}

// widen fills the empty upper half of the spectrum of narrow audio, at 16 kHz,
// with a faint mirror image of the lower half. A recogniser that was trained on
// full bandwidth uses the band above 4 kHz too, and fails on speech without it.
func widen(c audio.Clip) audio.Clip {
	samples := c.Resample(telephoneRate).Samples
	low := audio.Clip{Rate: telephoneRate, Samples: samples}.Resample(c.Rate)
	for i := range low.Samples {
		// Inserting zeros between the samples mirrors the spectrum.
		var image float64
		if i%2 == 0 {
			image = 2 * float64(samples[i/2])
		}
		mixed := (1-mirrored)*float64(low.Samples[i]) + mirrored*image
		low.Samples[i] = int16(max(-32768, min(32767, mixed)))
	}
	return low
}
