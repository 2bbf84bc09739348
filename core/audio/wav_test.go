package audio_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// TestAToneSoundsTheSameFromEveryProgramInEveryEncoding decodes files that SoX
// 14.4.2 and FFmpeg 5.1 made of the same tone.
func TestAToneSoundsTheSameFromEveryProgramInEveryEncoding(t *testing.T) {
	for _, test := range []struct {
		file      string
		tolerance int
	}{
		{"sox/s16", 2},
		{"sox/s24", 2},
		{"sox/s32", 2},
		{"sox/f32", 2},
		{"sox/f64", 2},
		{"sox/s24-stereo", 2},
		{"sox/streamed-by-sox", 2},
		{"sox/u8", 256},
		{"sox/mulaw", 512},
		{"sox/alaw", 512},
		{"ffmpeg/piped-s16", 2},
		{"ffmpeg/piped-f32", 2},
		{"ffmpeg/piped-alaw", 512},
		{"ffmpeg/s24", 2},
		{"ffmpeg/s32", 2},
		{"ffmpeg/f64", 2},
		{"ffmpeg/u8", 256},
		{"ffmpeg/mulaw", 512},
	} {
		t.Run(test.file, func(t *testing.T) {
			want := sine(1000, 16000, 20*time.Millisecond)
			if strings.HasPrefix(test.file, "sox/") {
				want = gain(want, 1.00237) // SoX's gain -6 is not quite half
			}
			got, warnings, err := audio.DecodeWAV(read(t, "testdata/"+test.file+".wav"))
			if err != nil || len(warnings) > 0 {
				t.Fatalf("error %v, warnings %q", err, warnings)
			}
			if got.Rate != want.Rate || len(got.Samples) != len(want.Samples) {
				t.Fatalf("got %v, want %v", got, want)
			}
			for i, s := range got.Samples {
				if distance(s, want.Samples[i]) > test.tolerance {
					t.Fatalf("sample %d = %d, want %d", i, s, want.Samples[i])
				}
			}
		})
	}
}

func gain(c audio.Clip, factor float64) audio.Clip {
	for i, s := range c.Samples {
		c.Samples[i] = int16(math.Round(float64(s) * factor))
	}
	return c
}

func TestASoundInOneOfSixChannelsIsASixthAsLoud(t *testing.T) {
	got, warnings, err := audio.DecodeWAV(read(t, "testdata/ffmpeg/5.1.wav"))
	if err != nil || len(warnings) > 0 || len(got.Samples) != 320 {
		t.Fatalf("%v, error %v, warnings %q", got, err, warnings)
	}
	sixth := -6.02 + 20*math.Log10(1./6)
	if level := got.Tone(1000); math.Abs(level-sixth) > 0.1 {
		t.Errorf("the tone is at %.2f dBFS, want %.2f", level, sixth)
	}
}

// TestSpeechThatEspeakWroteToAPipeIsAllThere decodes what espeak-ng 1.51
// --stdout wrote.
func TestSpeechThatEspeakWroteToAPipeIsAllThere(t *testing.T) {
	file := read(t, "testdata/espeak-ng/stdout.wav")
	got, warnings, err := audio.DecodeWAV(file)
	if err != nil || len(warnings) > 0 || got.Rate != 22050 || len(got.Samples) != (len(file)-44)/2 {
		t.Fatalf("%v, error %v, warnings %q", got, err, warnings)
	}
	if got.Peak() < -12 {
		t.Errorf("the speech peaks at %.1f dBFS only", got.Peak())
	}
}

func TestFilesOfOtherProgramsThatCannotBeDecodedAreRefusedByName(t *testing.T) {
	for file, want := range map[string]string{
		"sox/ima-adpcm":   "holds IMA ADPCM",
		"sox/gsm":         "holds GSM 6.10",
		"sox/rifx":        "RIFX",
		"ffmpeg/adpcm-ms": "holds Microsoft ADPCM",
		"ffmpeg/mp3":      "holds MP3",
		"ffmpeg/rf64":     "RF64",
	} {
		clip, warnings, err := audio.DecodeWAV(read(t, "testdata/"+file+".wav"))
		checkRefused(t, specimen{name: file, err: want}, clip, warnings, err)
	}
}

func TestAFileBeyondTheLimitIsRefusedUnread(t *testing.T) {
	_, _, err := audio.DecodeWAV(make([]byte, audio.MaxWAV+1))
	if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v, want an input error about the size", err)
	}
}

func TestAudioBeyondTheLimitIsRefused(t *testing.T) {
	of := func(samples int) []byte {
		return riff("WAVE", fmtChunk(7, 1, audio.MinRate, 8), data(make([]byte, samples)...))
	}
	limit := audio.MinRate * int(audio.MaxDuration.Seconds())
	if got, _, err := audio.DecodeWAV(of(limit)); err != nil || got.Duration() != audio.MaxDuration {
		t.Errorf("at the limit: %v, error %v", got, err)
	}
	_, _, err := audio.DecodeWAV(of(limit + 1))
	if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), "longer than 1h0m0s") {
		t.Errorf("error %v, want an input error about the length", err)
	}
}

func TestWAVComesBackAsItWasEncoded(t *testing.T) {
	for _, want := range []audio.Clip{
		{Rate: 24000, Samples: []int16{0, 1, -1, math.MaxInt16, math.MinInt16}},
		{Rate: audio.MaxRate, Samples: []int16{7}},
		sine(440, 16000, 3*time.Second),
	} {
		got, warnings, err := audio.DecodeWAV(audio.EncodeWAV(want))
		if err != nil || len(warnings) > 0 {
			t.Fatalf("error %v, warnings %q", err, warnings)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("clip (-want +got):\n%s", diff)
		}
	}
}

func TestTheEncodedHeaderIsByteForByteAsTheFormatSays(t *testing.T) {
	got := audio.EncodeWAV(audio.Clip{Rate: 24000, Samples: []int16{1, -2}})
	want := []byte("RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xfe\xff")
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func BenchmarkDecodeOneMinute(b *testing.B) {
	file := audio.EncodeWAV(sine(440, 24000, time.Minute))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, err := audio.DecodeWAV(file); err != nil {
			b.Fatal(err)
		}
	}
}
