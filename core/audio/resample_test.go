package audio_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// sine is a tone of half of full scale.
func sine(hz float64, rate int, length time.Duration) audio.Clip {
	samples := make([]int16, int(length.Seconds()*float64(rate)))
	for i := range samples {
		samples[i] = int16(math.RoundToEven(16384 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return audio.Clip{Rate: rate, Samples: samples}
}

// middle leaves out the ends of a clip, where a filter sees the silence around.
func middle(c audio.Clip) audio.Clip {
	n := len(c.Samples) / 10
	return audio.Clip{Rate: c.Rate, Samples: c.Samples[n : len(c.Samples)-n]}
}

// signalToNoise fits the best sine of that frequency to the clip and returns
// how much stronger it is, in dB, than all the rest.
func signalToNoise(c audio.Clip, hz float64) float64 {
	var ss, sc, cc, sx, cx float64
	angle := func(i int) float64 { return 2 * math.Pi * hz * float64(i) / float64(c.Rate) }
	for i, v := range c.Samples {
		s, k, x := math.Sin(angle(i)), math.Cos(angle(i)), float64(v)
		ss, sc, cc, sx, cx = ss+s*s, sc+s*k, cc+k*k, sx+s*x, cx+k*x
	}
	det := ss*cc - sc*sc
	a, b := (sx*cc-cx*sc)/det, (cx*ss-sx*sc)/det
	var signal, noise float64
	for i, v := range c.Samples {
		fit := a*math.Sin(angle(i)) + b*math.Cos(angle(i))
		signal += fit * fit
		noise += (float64(v) - fit) * (float64(v) - fit)
	}
	return 10 * math.Log10(signal/noise)
}

// The samples themselves are 16-bit: a tone of half of full scale cannot be
// more than 92 dB above its own rounding noise, whatever the filter does, and
// twice-rounded audio not more than about 90. The filter alone is measured
// from inside the package.
func TestAToneComesThroughAChangeOfRateCleanly(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 22050, 44100, 48000} {
		for _, to := range []int{8000, 16000, 24000} {
			if from == to {
				continue
			}
			t.Run(fmt.Sprintf("%d to %d Hz", from, to), func(t *testing.T) {
				c := middle(sine(3000, from, time.Second).Resample(to))
				if got := signalToNoise(c, 3000); got < 87 {
					t.Errorf("a 3 kHz tone is %.1f dB above the noise, want at least 87", got)
				}
				if got := c.Tone(3000); math.Abs(got+6.02) > 0.05 {
					t.Errorf("a 3 kHz tone of -6.02 dBFS comes out at %.2f dBFS", got)
				}
			})
		}
	}
}

func TestATonePastTheNewBandwidthVanishesInsteadOfComingBackAsAnother(t *testing.T) {
	for _, test := range []struct {
		from, to int
		hz       float64
	}{
		{48000, 24000, 15000}, {48000, 24000, 12500}, {44100, 24000, 13000}, {16000, 8000, 4400}, {24000, 16000, 9000},
	} {
		c := middle(sine(test.hz, test.from, time.Second).Resample(test.to))
		if got := c.RMS(); got > -80 {
			t.Errorf("%g Hz from %d to %d Hz leaves %.1f dBFS, want less than -80", test.hz, test.from, test.to, got)
		}
	}
}

func TestTheTelephoneBandPasses(t *testing.T) {
	c := middle(sine(3400, 8000, time.Second).Resample(24000))
	if got := c.Tone(3400); math.Abs(got+6.02) > 0.1 {
		t.Errorf("3.4 kHz comes out at %.2f dBFS, want -6.02", got)
	}
}

func TestAChangeOfRateKeepsTheLength(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 24000, 44100, 47999} {
		got := sine(440, 16000, 250*time.Millisecond).Resample(rate)
		if diff := (got.Duration() - 250*time.Millisecond).Abs(); got.Rate != rate || diff > time.Second/time.Duration(rate) {
			t.Errorf("at %d Hz: %v", rate, got)
		}
	}
}

func TestRatesWithoutACommonDivisorAreResampledAsCleanly(t *testing.T) {
	c := middle(sine(3000, 15999, time.Second).Resample(24000))
	if got := signalToNoise(c, 3000); got < 87 {
		t.Errorf("a 3 kHz tone is %.1f dB above the noise, want at least 87", got)
	}
}

func TestSilenceAndConstantsComeThroughUnchanged(t *testing.T) {
	for _, level := range []int16{0, 1000, math.MaxInt16, math.MinInt16} {
		c := audio.Clip{Rate: 22050, Samples: make([]int16, 22050)}
		for i := range c.Samples {
			c.Samples[i] = level
		}
		for i, s := range middle(c.Resample(24000)).Samples {
			if distance(s, level) > 1 {
				t.Fatalf("a constant %d becomes %d at sample %d", level, s, i)
			}
		}
	}
}

func TestFullScaleClipsInsteadOfWrappingAround(t *testing.T) {
	square := audio.Clip{Rate: 8000, Samples: make([]int16, 800)}
	for i := range square.Samples {
		square.Samples[i] = math.MaxInt16
		if i/40%2 == 1 {
			square.Samples[i] = math.MinInt16
		}
	}
	out := square.Resample(24000).Samples
	for i := 120; i < 2400-120; i++ {
		inPositiveHalf := i/120%2 == 0
		wellInside := i%120 > 12 && i%120 < 108
		if wellInside && (out[i] > 0) != inPositiveHalf {
			t.Fatalf("sample %d is %d: overshoot wrapped around", i, out[i])
		}
	}
}

func TestResamplingNothingGivesNothing(t *testing.T) {
	for _, c := range []audio.Clip{{}, {Rate: 8000}, {Rate: 24000}} {
		if got := c.Resample(24000); len(got.Samples) != 0 {
			t.Errorf("%v becomes %v", c, got)
		}
	}
}

func BenchmarkResampleTwoSeconds(b *testing.B) {
	for _, from := range []int{8000, 16000, 22050, 44100, 48000} {
		c := sine(440, from, 2*time.Second)
		b.Run(fmt.Sprintf("%d to 24000 Hz", from), func(b *testing.B) {
			for b.Loop() {
				c.Resample(24000)
			}
		})
	}
}
