package audio_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestRawPCMIsLittleEndian(t *testing.T) {
	pcm := []byte{0x00, 0x00, 0x01, 0x00, 0xFF, 0xFF, 0x00, 0x80, 0xFF, 0x7F}
	c, err := audio.FromPCM(pcm, 24000)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(audio.Clip{Rate: 24000, Samples: []int16{0, 1, -1, math.MinInt16, math.MaxInt16}}, c); diff != "" {
		t.Errorf("clip (-want +got):\n%s", diff)
	}
	if got := c.PCM(); !bytes.Equal(got, pcm) {
		t.Errorf("PCM = %x, want %x", got, pcm)
	}
}

func TestRawPCMThatCannotBeRightIsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		bytes int
		rate  int
	}{
		{"half a sample", 3, 24000}, {"no rate", 4, 0}, {"negative rate", 4, -8000}, {"absurd rate", 4, 10_000_000},
	} {
		if _, err := audio.FromPCM(make([]byte, test.bytes), test.rate); core.KindOf(err) != core.ErrorInput {
			t.Errorf("%s: error %v, want an input error", test.name, err)
		}
		if file, err := audio.EncodePCM(make([]byte, test.bytes), test.rate); file != nil || core.KindOf(err) != core.ErrorInput {
			t.Errorf("%s as WAV: error %v, want an input error", test.name, err)
		}
	}
}

func TestRawPCMBecomesTheSameWAVFileWithAndWithoutAClip(t *testing.T) {
	for _, c := range []audio.Clip{{Rate: 8000}, sine(440, 24000, time.Second)} {
		got, err := audio.EncodePCM(c.PCM(), c.Rate)
		if err != nil || !bytes.Equal(got, audio.EncodeWAV(c)) {
			t.Errorf("%v becomes another file, error %v", c, err)
		}
	}
}

func TestTheDurationOfAClip(t *testing.T) {
	for _, test := range []struct {
		clip audio.Clip
		want time.Duration
	}{
		{audio.Clip{Rate: 24000, Samples: make([]int16, 36000)}, 1500 * time.Millisecond},
		{audio.Clip{Rate: 8000}, 0},
		{audio.Clip{Samples: make([]int16, 5)}, 0},
	} {
		if got := test.clip.Duration(); got != test.want {
			t.Errorf("duration of %d samples at %d Hz = %v, want %v", len(test.clip.Samples), test.clip.Rate, got, test.want)
		}
	}
}

func TestLevels(t *testing.T) {
	square := audio.Clip{Rate: 8000, Samples: make([]int16, 8000)}
	for i := range square.Samples {
		square.Samples[i] = math.MinInt16
	}
	tone := sine(440, 16000, time.Second)
	silence := audio.Clip{Rate: 8000, Samples: make([]int16, 800)}
	inf := math.Inf(-1)
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"RMS of full scale", square.RMS(), 0},
		{"peak of full scale", square.Peak(), 0},
		{"RMS of a sine at half of full scale", tone.RMS(), -9.03},
		{"peak of a sine at half of full scale", tone.Peak(), -6.02},
		{"level of the tone that is there", tone.Tone(440), -6.02},
		{"RMS of silence", silence.RMS(), inf},
		{"peak of silence", silence.Peak(), inf},
		{"tone of silence", silence.Tone(440), inf},
		{"RMS of nothing", audio.Clip{Rate: 8000}.RMS(), inf},
		{"peak of nothing", audio.Clip{Rate: 8000}.Peak(), inf},
		{"tone of nothing", audio.Clip{Rate: 8000}.Tone(440), inf},
		{"tone of a clip without a rate", audio.Clip{Samples: []int16{1}}.Tone(440), inf},
	} {
		if test.got != test.want && math.Abs(test.got-test.want) > 0.02 {
			t.Errorf("%s = %.2f dBFS, want %.2f", test.name, test.got, test.want)
		}
	}
}

func TestATonesLevelIsLowBesideTheTone(t *testing.T) {
	c := sine(1000, 24000, 500*time.Millisecond)
	for _, hz := range []float64{300, 900, 1100, 2000, 11000} {
		if got := c.Tone(hz); got > -70 {
			t.Errorf("a 1 kHz tone shows %.1f dBFS at %g Hz, want less than -70", got, hz)
		}
	}
}

func TestOnlyWAVValuesAreDecoded(t *testing.T) {
	file := audio.EncodeWAV(audio.Clip{Rate: 8000, Samples: []int16{1, 2}})
	for _, test := range []struct {
		name  string
		value core.Value
		want  core.ErrorKind
	}{
		{"WAV", core.WAVValue(file), ""},
		{"WAV under its old name", core.Value{Modality: core.Audio, MediaType: "Audio/X-WAV; codec=1", Data: file}, ""},
		{"MP3", core.Value{Modality: core.Audio, MediaType: "audio/mpeg", Data: file}, core.ErrorUnsupported},
		{"no media type", core.Value{Modality: core.Audio, Data: file}, core.ErrorUnsupported},
		{"text", core.TextValue("hello"), core.ErrorUnsupported},
		{"broken WAV", core.WAVValue(file[:20]), core.ErrorInput},
	} {
		clip, _, err := audio.FromValue(test.value)
		if core.KindOf(err) != test.want || err == nil && len(clip.Samples) != 2 {
			t.Errorf("%s: %v, error %v; want kind %q", test.name, clip, err, test.want)
		}
	}
}

func BenchmarkTwoSecondsOfPCMToWAV(b *testing.B) {
	pcm := sine(440, 24000, 2*time.Second).PCM()
	b.Run("by a clip", func(b *testing.B) {
		b.SetBytes(int64(len(pcm)))
		for b.Loop() {
			c, err := audio.FromPCM(pcm, 24000)
			if err != nil {
				b.Fatal(err)
			}
			audio.EncodeWAV(c)
		}
	})
	b.Run("by copying", func(b *testing.B) {
		b.SetBytes(int64(len(pcm)))
		for b.Loop() {
			if _, err := audio.EncodePCM(pcm, 24000); err != nil {
				b.Fatal(err)
			}
		}
	})
}
