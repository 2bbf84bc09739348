package audio_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// second returns a second of silence at a rate, into which sound writes.
func second(rate int, sound func(at float64, i int) float64) audio.Clip {
	c := audio.Silence(time.Second, rate)
	for i := range c.Samples {
		c.Samples[i] = int16(math.Round(32767 * sound(float64(i)/float64(rate), i)))
	}
	return c
}

// wave returns a sine of a frequency and a peak level in dBFS, from half a second on
// for a time.
func wave(hz, level float64, d time.Duration) func(float64, int) float64 {
	return func(at float64, _ int) float64 {
		if at < 0.5 || at >= 0.5+d.Seconds() {
			return 0
		}
		return math.Pow(10, level/20) * math.Sin(2*math.Pi*hz*at)
	}
}

// impulse is a full-scale sample at one place.
func impulse(here bool) float64 {
	if here {
		return 1
	}
	return 0
}

func TestWhetherThereIsAnythingToHear(t *testing.T) {
	const long = 500 * time.Millisecond
	for _, test := range []struct {
		name    string
		sound   func(at float64, i int) float64
		audible bool
		least   int // the lowest rate at which the sound exists, in Hz
	}{
		{"digital silence", func(float64, int) float64 { return 0 }, false, 0},
		{"the last bit", func(_ float64, i int) float64 { return float64(i*7%3-1) / 32767 }, false, 0},
		{"an offset", func(float64, int) float64 { return 0.5 }, false, 0},
		{"an offset that begins", func(at float64, _ int) float64 { return math.Floor(2 * at) }, false, 0},
		{"a click", func(_ float64, i int) float64 { return impulse(i == 3000) }, false, 0},
		{"a click at the start", func(_ float64, i int) float64 { return impulse(i == 0) }, false, 0},
		{"two clicks", func(_ float64, i int) float64 { return impulse(i == 1000 || i == 2500) }, false, 0},
		{"10 ms of a loud sound", wave(1000, 0, 10*time.Millisecond), false, 0},
		{"100 ms of a sound", wave(1000, -20, 100*time.Millisecond), true, 0},
		{"mains hum", wave(50, 0, long), false, 0},
		{"rumble", wave(20, 0, long), false, 0},
		{"100 Hz", wave(100, -3, long), false, 0},
		{"300 Hz", wave(300, -40, long), true, 0},
		{"3,400 Hz", wave(3400, -40, long), true, 8000},
		{"18 kHz", wave(18000, 0, long), false, 44100},
		{"20 kHz", wave(20000, 0, long), false, 44100},
		{"40 kHz", wave(40000, 0, long), false, 96000},
		{"ultrasound and words", func(at float64, i int) float64 {
			return wave(18000, -6, long)(at, i) + wave(700, -40, long)(at, i)
		}, true, 44100},
		{"hum and words", func(at float64, i int) float64 {
			return wave(50, -6, long)(at, i) + wave(700, -40, long)(at, i)
		}, true, 0},
		{"-60 dBFS", wave(1000, -60, long), true, 0},
		{"-75 dBFS", wave(1000, -75, long), false, 0},
		{"-90 dBFS", wave(1000, -90, long), false, 0},
	} {
		for _, rate := range []int{8000, 16000, 22050, 24000, 44100, 48000, 96000} {
			if rate < test.least {
				continue
			}
			t.Run(fmt.Sprintf("%s at %d Hz", test.name, rate), func(t *testing.T) {
				if got := second(rate, test.sound).Audible(); got != test.audible {
					t.Errorf("audible %v, want %v", got, test.audible)
				}
			})
		}
	}
}

func TestHowLongTheLongestSoundOfAFileIs(t *testing.T) {
	late := audio.Join(audio.Silence(3*time.Second, 24000), second(24000, wave(1000, -20, 40*time.Millisecond)))
	click := second(24000, func(_ float64, i int) float64 { return impulse(i == 3000) })
	for _, test := range []struct {
		name     string
		clip     audio.Clip
		from, to time.Duration
	}{
		{"no samples", audio.Clip{Rate: 24000}, 0, 0},
		{"silence", audio.Silence(time.Minute, 8000), 0, 0},
		{"a click", click, 10 * time.Millisecond, 30 * time.Millisecond},
		{"a short sound after seconds of silence", late, 40 * time.Millisecond, 70 * time.Millisecond},
		{"more than enough", audio.Noise(3*time.Second, 16000, -20, 1), 500 * time.Millisecond, 500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := audio.LongestSound(core.WAVValue(audio.EncodeWAV(test.clip)), 500*time.Millisecond)
			if err != nil || got < test.from || got > test.to {
				t.Errorf("%v, %v, want %v to %v", got, err, test.from, test.to)
			}
		})
	}
	for name, v := range map[string]core.Value{
		"text": core.TextValue("hello"), "no WAV": core.WAVValue([]byte("RIFFWAVE")),
		"MP3": {Modality: core.Audio, MediaType: "audio/mpeg", Data: []byte("ID3")},
	} {
		if _, err := audio.LongestSound(v, time.Second); err == nil {
			t.Errorf("%s was measured", name)
		}
	}
}

// BenchmarkAudible measures what a turn of speech costs that begins after 100 ms.
func BenchmarkAudible(b *testing.B) {
	c := audio.Join(audio.Silence(100*time.Millisecond, 24000), audio.Noise(10*time.Second, 24000, -20, 1))
	for b.Loop() {
		if !c.Audible() {
			b.Fatal("nothing is heard")
		}
	}
}
