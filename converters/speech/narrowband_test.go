package speech

import (
	"math"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// sines is a second of sines of a tenth of full scale each, at 16 kHz.
func sines(frequencies ...float64) audio.Clip {
	c := audio.Clip{Rate: earRate, Samples: make([]int16, earRate)}
	for i := range c.Samples {
		for _, hz := range frequencies {
			c.Samples[i] += int16(3277 * math.Sin(2*math.Pi*hz*float64(i)/earRate))
		}
	}
	return c
}

func TestAudioFromATelephoneLineIsRecognised(t *testing.T) {
	full := sines(300, 1000, 3000, 5500)
	line := full.Resample(8000)
	companded := audio.Clip{Rate: 8000, Samples: audio.DecodeMuLaw(audio.EncodeMuLaw(line.Samples))}
	quiet := audio.Clip{Rate: earRate}
	for _, s := range full.Samples {
		quiet.Samples = append(quiet.Samples, s/100)
	}
	for _, test := range []struct {
		name string
		clip audio.Clip
		want bool
	}{
		{"full bandwidth", full, false},
		{"full bandwidth, quiet", quiet, false},
		{"8 kHz", line.Resample(earRate), true},
		{"8 kHz, companded", companded.Resample(earRate), true},
		{"8 kHz, companded, by way of 24 kHz", companded.Resample(24000).Resample(earRate), true},
		{"silence", audio.Clip{Rate: earRate, Samples: make([]int16, earRate)}, true},
	} {
		if got := isNarrow(test.clip); got != test.want {
			t.Errorf("%s: narrow %v, want %v", test.name, got, test.want)
		}
	}
}

func TestTheUpperHalfIsFilledWithAFaintMirrorImage(t *testing.T) {
	wide := widen(sines(2000))
	if got := wide.Tone(2000); math.Abs(got+20) > 0.1 {
		t.Errorf("the tone itself went in at -20 dBFS and is at %.1f", got)
	}
	if got := wide.Tone(6000); math.Abs(got+20-20*math.Log10(mirrored)) > 0.2 {
		t.Errorf("its image is at %.1f dBFS, want %.1f", got, -20+20*math.Log10(mirrored))
	}
	if wide.Rate != earRate || len(wide.Samples) != earRate {
		t.Errorf("one second becomes %v", wide)
	}
}

func TestWideningKeepsAnOddNumberOfSamplesAndFullScale(t *testing.T) {
	loud := audio.Clip{Rate: earRate, Samples: make([]int16, 1001)}
	for i := range loud.Samples {
		loud.Samples[i] = math.MaxInt16
	}
	wide := widen(loud)
	if n := len(wide.Samples); n < 1000 || n > 1002 {
		t.Errorf("1001 samples become %d", n)
	}
	for i, s := range wide.Samples {
		if s < 0 {
			t.Fatalf("sample %d wrapped around to %d", i, s)
		}
	}
}
