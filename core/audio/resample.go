package audio

import "math"

const (
	// crossings is how many zero crossings of the sinc are kept on either
	// side. 64 leave a transition band of an eighth of the lower of the two
	// bandwidths: at 8 kHz everything up to 3.5 kHz passes.
	crossings = 64
	// kaiserBeta gives a stop band 110 dB down: 0.1102 x (110 - 8.7).
	kaiserBeta = 11.16
	// passband is the cut-off, relative to the lower of the two bandwidths,
	// at which the stop band begins where aliases would.
	passband = 1 - 3.55/crossings
	// maxPhases limits the table for rates with next to no common divisor.
	// Between 512 phases linear interpolation errs by less than -105 dB. A
	// filter that is stretched changes less from one to the next and needs
	// fewer, so that the table never takes more than 600 KB.
	maxPhases = 512
	// block is how many output samples are made at a time.
	block = 1024
)

// Resample returns the clip at another rate, in Hz, through a
// Kaiser-windowed sinc filter, which is what keeps a tone above the new
// bandwidth from coming back as a wrong one. Both rates have to be positive; if
// one is not, the clip is returned as it is. Beside the samples it returns, two
// bytes each, it allocates less than 2 MB if both are [MinRate] to [MaxRate].
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

// fill sets window to the amplitudes of the samples from start on. Silence on
// both sides stands for what was before and comes after.
func fill(window []float64, samples []int16, start int) {
	for i := range window {
		window[i] = 0
		if at := start + i; at >= 0 && at < len(samples) {
			window[i] = float64(samples[at]) / fullScale
		}
	}
}

// polyphase is a low-pass filter, sampled at each offset from an input sample
// at which an output sample can fall.
type polyphase struct {
	up, down int         // the ratio of the rates in lowest terms
	half     int         // taps on either side
	phases   [][]float64 // coefficients by offset; the last is the first of the next sample
}

func newPolyphase(up, down int) *polyphase {
	// Going down, the filter is stretched to the narrower new bandwidth.
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

// first returns the number of the first input sample that output sample i is
// made of. It is negative at the beginning.
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

// dot returns the sum of the products of two equally long slices. They have an
// even length, and two sums are kept so that one does not wait for the other.
func dot(a, b []float64) float64 {
	var even, odd float64
	for len(a) > 1 && len(b) > 1 {
		even += a[0] * b[0]
		odd += a[1] * b[1]
		a, b = a[2:], b[2:]
	}
	return even + odd
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
