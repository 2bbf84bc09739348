package audio

import "math"

// Levels are in dBFS: 0 is full scale, and silence is minus infinity.

// RMS returns the clip's root mean square level in dBFS: 0 for a full-scale square
// wave, -3 for a full-scale sine.
func (c Clip) RMS() float64 {
	if len(c.Samples) == 0 {
		return math.Inf(-1)
	}
	var sum float64
	for _, s := range c.Samples {
		sum += float64(s) * float64(s)
	}
	return decibels(math.Sqrt(sum/float64(len(c.Samples))) / fullScale)
}

// Peak returns the level of the clip's loudest sample in dBFS.
func (c Clip) Peak() float64 {
	var peak float64
	for _, s := range c.Samples {
		peak = math.Max(peak, math.Abs(float64(s)))
	}
	return decibels(peak / fullScale)
}

// Tone returns the level, in dBFS, of the clip's sine component at a frequency in
// Hz: 0 for a full-scale sine. It uses the Goertzel algorithm with a Hann window,
// which limits leakage from other tones, and separates frequencies that are more
// than 2/duration apart.
func (c Clip) Tone(hz float64) float64 {
	n := len(c.Samples)
	if n == 0 || c.Rate <= 0 {
		return math.Inf(-1)
	}
	omega := 2 * math.Pi * hz / float64(c.Rate)
	coefficient := 2 * math.Cos(omega)
	var s1, s2, weight float64
	for i, s := range c.Samples {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))
		weight += w
		s1, s2 = w*float64(s)/fullScale+coefficient*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	return decibels(2 * math.Sqrt(math.Max(0, power)) / weight)
}

func decibels(ratio float64) float64 { return 20 * math.Log10(ratio) }
