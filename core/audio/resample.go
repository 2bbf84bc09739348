package audio

import "math"

const (
	// crossings is the number of zero crossings of the sinc that are kept on
	// either side. With 64 the transition band is an eighth of the lower of the
	// two bandwidths: at 8 kHz the pass band ends at 3.5 kHz.
	crossings = 64
	// kaiserBeta gives a stop-band attenuation of 110 dB: 0.1102 x (110 - 8.7).
	kaiserBeta = 11.16
	// passband is the cut-off relative to the lower of the two bandwidths. With
	// it the stop band begins at that bandwidth, where aliasing begins.
	passband = 1 - 3.55/crossings
	// maxPhases limits the table for rates whose greatest common divisor is
	// small. Linear interpolation between 512 phases has an error below -105 dB.
	// A filter stretched for a lower output rate needs fewer phases, so the table
	// stays below 600 KB.
	maxPhases = 512
	// block is the number of output samples that are computed at a time.
	block = 1024
)

// Resample returns the clip at another rate, in Hz. A Kaiser-windowed sinc filter
// removes tones above the new bandwidth, which would alias. If a rate is not
// positive, the clip is returned unchanged. With both rates between [MinRate] and
// [MaxRate] it allocates less than 2 MB beside the samples it returns.
func (c Clip) Resample(rate int) Clip {
	if rate == c.Rate || rate <= 0 || c.Rate <= 0 {
		return c
	}
	divisor := gcd(rate, c.Rate)
	f := newPolyphase(rate/divisor, c.Rate/divisor)
	out := make([]int16, (len(c.Samples)*f.up+f.down/2)/f.down)
	window := make([]float64, min(block, len(out))*f.down/f.up+1+2*f.half)
	for from := 0; from < len(out); from += block {
		start := f.first(from)
		fill(window, c.Samples, start)
		for i := from; i < min(from+block, len(out)); i++ {
			out[i] = quantise(f.at(window, start, i))
		}
	}
	return Clip{Rate: rate, Samples: out}
}

// fill sets window to the amplitudes of the samples from start on, with zeros
// before the first sample and after the last.
func fill(window []float64, samples []int16, start int) {
	for i := range window {
		window[i] = 0
		if at := start + i; at >= 0 && at < len(samples) {
			window[i] = float64(samples[at]) / fullScale
		}
	}
}

// polyphase is a low-pass filter, sampled at each offset that an output sample can
// have from the input sample before it.
type polyphase struct {
	up, down int         // the ratio of the rates in lowest terms
	half     int         // taps on either side
	phases   [][]float64 // coefficients by offset, from 0 to 1 inclusive
}

func newPolyphase(up, down int) *polyphase {
	// For a lower output rate the filter is stretched to the new bandwidth.
	narrowing := math.Min(1, float64(up)/float64(down))
	f := &polyphase{up: up, down: down, half: int(math.Ceil(crossings / narrowing))}
	count := min(up, int(math.Ceil(maxPhases*narrowing)))
	f.phases = make([][]float64, count+1)
	for i := range f.phases {
		f.phases[i] = f.taps(float64(i)/float64(count), passband*narrowing)
	}
	return f
}

// taps returns the coefficients for an output sample that lies offset (0 to 1)
// after an input sample. They add up to 1.
func (f *polyphase) taps(offset, cutoff float64) []float64 {
	taps := make([]float64, 2*f.half)
	var sum float64
	for i := range taps {
		distance := float64(i-f.half+1) - offset
		taps[i] = sinc(cutoff*distance) * kaiser(distance/float64(f.half))
		sum += taps[i]
	}
	for i := range taps {
		taps[i] /= sum
	}
	return taps
}

// first returns the index of the first input sample that output sample i depends
// on. It is negative near the beginning.
func (f *polyphase) first(i int) int { return i*f.down/f.up + 1 - f.half }

// at returns output sample i, given the input from sample start on.
func (f *polyphase) at(input []float64, start, i int) float64 {
	first := f.first(i) - start
	window := input[first : first+2*f.half]
	phase := i * f.down % f.up * (len(f.phases) - 1)
	index, between := phase/f.up, phase%f.up
	y := dot(f.phases[index], window)
	if between != 0 {
		y += (dot(f.phases[index+1], window) - y) * float64(between) / float64(f.up)
	}
	return y
}

// dot returns the dot product of two slices of the same length. It keeps four sums, so
// that successive additions do not depend on each other.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window over -1 to 1, not normalised.
func kaiser(x float64) float64 {
	return besselI0(kaiserBeta * math.Sqrt(math.Max(0, 1-x*x)))
}

// besselI0 is the modified Bessel function of the first kind, from its power
// series.
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
