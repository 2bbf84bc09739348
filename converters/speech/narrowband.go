package speech

import "github.com/redteam-orchestrator/orchestrator/core/audio"

const (
	// telephoneRate is the sample rate, in Hz, of a telephone line.
	telephoneRate = 8000
	// beyondRate is the lowest rate that carries all of a telephone line's
	// 4 kHz through the resampler.
	beyondRate = 9000
	// Audio is from a telephone line if what lies beyond 4 kHz is fainter
	// than the whole by 50 dB, or no more than the rounding of 16 bits.
	beyondLevel   = -50
	roundingLevel = -85
	// mirrored is how much of the mirror image widen adds. Measured on 8
	// sentences over mu-law with PocketSphinx: word error rate 94 % without
	// it, about 20 % with 0.3 to 1, 15 % for the same sentences in full
	// bandwidth.
	mirrored = 0.3
)

// isNarrow reports whether a clip of 16 kHz holds nothing beyond the band of a
// telephone.
func isNarrow(c audio.Clip) bool {
	low := c.Resample(beyondRate).Resample(c.Rate)
	rest := audio.Clip{Rate: c.Rate, Samples: make([]int16, min(len(low.Samples), len(c.Samples)))}
	for i := range rest.Samples {
		// The filter rings a little above full scale, hence the halves.
		rest.Samples[i] = int16((int(c.Samples[i]) - int(low.Samples[i])) / 2)
	}
	const half = 6 // dB
	beyond := rest.RMS() + half
	return beyond < c.RMS()+beyondLevel || beyond < roundingLevel
}

// widen fills the empty upper half of the spectrum of narrow audio, at 16 kHz,
// with a faint mirror image of the lower half. A recogniser that was trained
// on full bandwidth looks at what is above 4 kHz too, and takes nothing at all
// up there for sounds that nobody makes.
func widen(c audio.Clip) audio.Clip {
	samples := c.Resample(telephoneRate).Samples
	low := audio.Clip{Rate: telephoneRate, Samples: samples}.Resample(c.Rate)
	for i := range low.Samples {
		// Zeros between the samples are what makes the mirror image.
		var image float64
		if i%2 == 0 {
			image = 2 * float64(samples[i/2])
		}
		mixed := (1-mirrored)*float64(low.Samples[i]) + mirrored*image
		low.Samples[i] = int16(max(-32768, min(32767, mixed)))
	}
	return low
}
