package audio_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	converters "github.com/redteam-orchestrator/orchestrator/converters/audio"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func open(t *testing.T, config string) (core.Converter, error) {
	t.Helper()
	for _, c := range converters.Components() {
		if c.Info.Name == "audio/telephone" {
			return core.Open[core.Converter](t.Context(), c, []byte(config))
		}
	}
	t.Fatal("there is no audio/telephone")
	return nil, nil
}

// call sends a clip over the line.
func call(t *testing.T, config string, clip audio.Clip) audio.Clip {
	t.Helper()
	phone, err := open(t, config)
	if err != nil {
		t.Fatal(err)
	}
	file := audio.EncodeWAV(clip)
	given := slices.Clone(file)
	out, err := phone.Convert(t.Context(), core.WAVValue(given))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(given, file) {
		t.Fatal("the converter changed the bytes that it was given")
	}
	heard, warnings, err := audio.FromValue(out)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("decoding the result: error %v, warnings %q", err, warnings)
	}
	return heard
}

// tones is one second of sines of a tenth of full scale each.
func tones(rate int, frequencies ...float64) audio.Clip {
	samples := make([]int16, rate)
	for i := range samples {
		var sum float64
		for _, hz := range frequencies {
			sum += 3277 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
		}
		samples[i] = int16(sum)
	}
	return audio.Clip{Rate: rate, Samples: samples}
}

func TestNothingAboveTheBandOfTheTelephoneComesThrough(t *testing.T) {
	in := tones(48000, 1000, 3000, 5000, 7000, 11000)
	for _, rate := range []int{8000, 16000, 24000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			out := call(t, fmt.Sprintf(`{"rate": %d}`, rate), in)
			if out.Rate != rate || len(out.Samples) != rate {
				t.Fatalf("got %v, want one second at %d Hz", out, rate)
			}
			for _, hz := range []float64{1000, 3000} {
				if got := out.Tone(hz); math.Abs(got+20) > 0.3 {
					t.Errorf("%g Hz went in at -20 dBFS and comes out at %.1f", hz, got)
				}
			}
			// 5, 7 and 11 kHz would come back as 3, 1 and 3 kHz, which the
			// levels above exclude; in a wider file nothing may be left of them.
			if rate > 8000 {
				for _, hz := range []float64{5000, 7000, 11000} {
					if got := out.Tone(hz); got > -80 {
						t.Errorf("%g Hz comes out at %.1f dBFS, want less than -80", hz, got)
					}
				}
			}
		})
	}
}

func TestTheLineAddsTheNoiseOfEightBits(t *testing.T) {
	for _, law := range []string{"mu", "a"} {
		out := call(t, fmt.Sprintf(`{"law": %q}`, law), tones(8000, 1000))
		if !slices.ContainsFunc(out.Samples, func(s int16) bool { return s != 0 }) {
			t.Fatalf("%s-law: the line is dead", law)
		}
		distinct := map[int16]bool{}
		for _, s := range out.Samples {
			distinct[s] = true
		}
		if len(distinct) > 256 {
			t.Errorf("%s-law: %d different amplitudes, more than eight bits hold", law, len(distinct))
		}
	}
	mu, a := call(t, `{"law": "mu"}`, tones(8000, 440)), call(t, `{"law": "a"}`, tones(8000, 440))
	if slices.Equal(mu.Samples, a.Samples) {
		t.Error("both laws give the same samples")
	}
}

func TestTheLineIsEightKilohertzMuLawUnlessToldOtherwise(t *testing.T) {
	in := tones(24000, 440)
	byDefault, explicit := call(t, ``, in), call(t, `{"law": "mu", "rate": 8000}`, in)
	if byDefault.Rate != 8000 || !slices.Equal(byDefault.Samples, explicit.Samples) {
		t.Errorf("the default gives %v, not what mu-law at 8 kHz gives", byDefault)
	}
}

func TestWhatTheLineDoesNotTake(t *testing.T) {
	phone, err := open(t, ``)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		in   core.Value
		kind core.ErrorKind
	}{
		{"text", core.TextValue("hello"), core.ErrorUnsupported},
		{"MP3", core.Value{Modality: core.Audio, MediaType: "audio/mpeg"}, core.ErrorUnsupported},
		{"broken WAV", core.WAVValue([]byte("RIFF")), core.ErrorInput},
		{"WAV without audio", core.WAVValue(audio.EncodeWAV(audio.Clip{Rate: 8000})), core.ErrorInput},
	} {
		if _, err := phone.Convert(t.Context(), test.in); core.KindOf(err) != test.kind {
			t.Errorf("%s: error %v, want kind %s", test.name, err, test.kind)
		}
	}
}

func TestLawsAndRatesThatThereAreNotAreRefused(t *testing.T) {
	for config, field := range map[string]string{`{"law": "b"}`: "law", `{"rate": 4000}`: "rate", `{"rate": 96000}`: "rate", `{"speed": 2}`: "speed"} {
		if _, err := open(t, config); core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v, want a config error at %q", config, err, field)
		}
	}
}
