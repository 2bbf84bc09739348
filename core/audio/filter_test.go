package audio

import (
	"math"
	"testing"
)

// TestTheFilterItselfIsFarBelowSixteenBits measures the filter before its
// output is rounded to 16 bits.
func TestTheFilterItselfIsFarBelowSixteenBits(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to int
		hz       float64
		passes   bool
	}{
		{"3 kHz from 8 kHz", 8000, 24000, 3000, true},
		{"3 kHz from 16 kHz", 16000, 24000, 3000, true},
		{"3 kHz from 22.05 kHz", 22050, 24000, 3000, true},
		{"3 kHz from 44.1 kHz", 44100, 24000, 3000, true},
		{"3 kHz between rates with no common divisor", 15999, 24000, 3000, true},
		{"1 kHz from far above with no common divisor", 191999, 24000, 1000, true},
		{"1 kHz from further above with no common divisor", 383999, 4000, 1000, true},
		{"9.6 kHz from 96 to 22.05 kHz", 96000, 22050, 9600, true},
		{"15 kHz from 48 kHz", 48000, 24000, 15000, false},
		{"15 kHz from far above with no common divisor", 191999, 24000, 15000, false},
		{"12.1 kHz from 48 kHz", 48000, 24000, 12100, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := gcd(test.from, test.to)
			f := newPolyphase(test.to/d, test.from/d)
			padded := make([]float64, test.from/2+2*f.half)
			for i := range padded {
				padded[i] = math.Sin(2 * math.Pi * test.hz * float64(i-f.half) / float64(test.from))
			}
			var worst float64
			for i := range test.to / 2 {
				var want float64
				if test.passes {
					want = math.Sin(2 * math.Pi * test.hz * float64(i) / float64(test.to))
				}
				worst = math.Max(worst, math.Abs(f.at(padded, -f.half, i)-want))
			}
			t.Logf("worst deviation %.1f dB", decibels(worst))
			if decibels(worst) > -95 {
				t.Errorf("the output deviates by up to %.1f dB from what it should be, want less than -95", decibels(worst))
			}
		})
	}
}
