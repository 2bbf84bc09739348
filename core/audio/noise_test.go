package audio_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestSilenceIsAsLongAsAskedFor(t *testing.T) {
	for _, test := range []struct {
		length  time.Duration
		rate    int
		samples int
	}{
		{time.Second, 24000, 24000},
		{100 * time.Millisecond, 22050, 2205},
		{time.Minute, 44100, 2_646_000},
		{time.Nanosecond, 24000, 0},
		{0, 24000, 0},
		{-time.Second, 24000, 0},
		{time.Second, 0, 0},
		{time.Second, -8000, 0},
	} {
		got := audio.Silence(test.length, test.rate)
		if got.Rate != test.rate || len(got.Samples) != test.samples || got.Peak() != math.Inf(-1) {
			t.Errorf("%v at %d Hz: %d samples at %d Hz, peak %g dBFS; want %d silent ones", test.length, test.rate, len(got.Samples), got.Rate, got.Peak(), test.samples)
		}
	}
}

func TestNoiseIsAsLoudAsAskedForUntilItClips(t *testing.T) {
	for _, test := range []struct{ level, want float64 }{
		{-80, -80},
		{-50, -50},
		{-30, -30},
		{-12, -12},
		{-5, -5},
		{-3, -3.41},
		{0, -2.11}, // the loudest samples are clipped
		{40, -2.11},
		{math.Inf(1), -2.11},
		{math.Inf(-1), math.Inf(-1)},
		{math.NaN(), math.Inf(-1)},
	} {
		got := audio.Noise(10*time.Second, 24000, test.level, 1).RMS()
		if got != test.want && math.Abs(got-test.want) > 0.05 {
			t.Errorf("noise of %g dBFS has %.2f, want %.2f", test.level, got, test.want)
		}
	}
}

func TestNoiseIsAsLongAsAskedFor(t *testing.T) {
	for _, length := range []time.Duration{-time.Second, 0, 250 * time.Millisecond, 3 * time.Second} {
		got := audio.Noise(length, 16000, -20, 1)
		if got.Rate != 16000 || got.Duration() != max(0, length) {
			t.Errorf("%v of noise: %v", length, got)
		}
	}
}

func TestNoiseIsTheSameForTheSameSeedForGood(t *testing.T) {
	got := audio.Noise(time.Second, 8000, -12, 7)
	if diff := cmp.Diff([]int16{7685, 8546, 3300, 4778, -3838, -5872}, got.Samples[:6]); diff != "" {
		t.Errorf("the first samples for seed 7 have changed (-want +got):\n%s", diff)
	}
	if again := audio.Noise(time.Second, 8000, -12, 7); !slices.Equal(got.Samples, again.Samples) {
		t.Error("the same seed gives other noise")
	}
	if other := audio.Noise(time.Second, 8000, -12, 8); slices.Equal(got.Samples, other.Samples) {
		t.Error("another seed gives the same noise")
	}
}

func TestNoiseIsWhite(t *testing.T) {
	c := audio.Noise(30*time.Second, 24000, -20, 3)
	whole := power(c)
	low := power(c.Resample(12000)) // what is below 6 kHz
	if got := low / whole; math.Abs(got-0.5) > 0.05 {
		t.Errorf("the lower half of the band has %.2f of the power, want half", got)
	}
	var mean float64
	for _, s := range c.Samples {
		mean += float64(s) / float64(len(c.Samples))
	}
	if math.Abs(mean) > 20 {
		t.Errorf("the noise has a constant of %.1f, want next to none", mean)
	}
}

func power(c audio.Clip) float64 { return math.Pow(10, c.RMS()/10) }
