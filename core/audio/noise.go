package audio

import (
	"math"
	"math/rand/v2"
	"time"
)

// Silence returns a clip of silence of a length, rounded to whole samples, at a
// rate in Hz. It is empty if either is not positive.
func Silence(d time.Duration, rate int) Clip {
	return Clip{Rate: rate, Samples: make([]int16, samplesIn(d, rate))}
}

// Noise returns white noise of a length, rounded to whole samples, at a rate in
// Hz. Its RMS is level, in dBFS; a level above 0 counts as 0. Amplitudes are
// uniformly distributed: above -4.8 dBFS the largest are clipped and the RMS is
// below level, by 2.1 dB at 0. The same seed gives the same noise.
func Noise(d time.Duration, rate int, level float64, seed uint64) Clip {
	c := Silence(d, rate)
	// A uniform distribution over -loudest to loudest has an RMS of loudest/sqrt(3).
	loudest := math.Sqrt(3) * math.Pow(10, min(level, 0)/20)
	// PCG's output is specified; that of rand.Rand's methods may change.
	generator := rand.NewPCG(seed, 0)
	for i := range c.Samples {
		evenly := float64(int64(generator.Uint64())>>11) / (1 << 52) // -1 to 1
		c.Samples[i] = quantise(loudest * evenly)
	}
	return c
}

// samplesIn returns how many samples a length has.
func samplesIn(d time.Duration, rate int) int {
	return max(0, int(math.Round(d.Seconds()*float64(rate))))
}
