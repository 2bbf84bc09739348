package audio_test

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// A file that was cut off is decoded, and says what is missing.
func ExampleDecodeWAV() {
	whole := audio.EncodeWAV(audio.Silence(time.Second, 16_000))
	clip, warnings, err := audio.DecodeWAV(whole[:len(whole)/2])
	fmt.Println(clip, err)
	for _, w := range warnings {
		fmt.Println("warning:", w)
	}

	_, _, err = audio.DecodeWAV([]byte("ID3 this is an MP3"))
	fmt.Println(core.KindOf(err))
	// Output:
	// 499.3125ms at 16000 Hz <nil>
	// warning: the WAV file is cut off: its header claims 32000 bytes of audio, 15978 are there
	// input
}

// Audio on a telephone line has 8 kHz and one byte a sample.
func ExampleEncodeMuLaw() {
	studio := audio.Noise(time.Second, 24_000, -20, 1)
	line := studio.Resample(8_000)
	codes := audio.EncodeMuLaw(line.Samples)
	heard := audio.Clip{Rate: 8_000, Samples: audio.DecodeMuLaw(codes)}
	fmt.Println(studio, "→", heard, "in", len(codes), "bytes")
	// Output: 1s at 24000 Hz → 1s at 8000 Hz in 8000 bytes
}

// Clips of different rates are joined at the rate of the first.
func ExampleJoin() {
	speech := audio.Noise(2*time.Second, 24_000, -20, 1) // stands for a caller
	pause := audio.Silence(500*time.Millisecond, 8_000)
	fmt.Println(audio.Join(speech, pause, speech))
	// Output: 4.5s at 24000 Hz
}

// The level of a noise is its RMS, and the same seed gives the same noise.
func ExampleNoise() {
	a := audio.Noise(time.Second, 16_000, -30, 7)
	b := audio.Noise(time.Second, 16_000, -30, 7)
	fmt.Printf("%.1f dBFS, the same: %t\n", a.RMS(), string(a.PCM()) == string(b.PCM()))
	// Output: -30.0 dBFS, the same: true
}

// The levels of a clip tell whether a reply is silent.
func ExampleClip_RMS() {
	fmt.Println(audio.Silence(time.Second, 24_000).RMS())
	// Output: -Inf
}
