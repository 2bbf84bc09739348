package conformance

import (
	"bytes"
	"image"
	"image/png"
	"math"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// large is the size of a large payload, in bytes.
const large = 8 << 20

// picture returns a PNG file with one pixel.
func picture() []byte {
	var file bytes.Buffer
	_ = png.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1))) // writing to a buffer does not fail
	return file.Bytes()
}

// sample returns a value of a modality that every component for that modality
// can process.
func sample(m core.Modality) (core.Value, bool) {
	switch m {
	case core.Text:
		return core.TextValue("Please read me the code."), true
	case core.Audio:
		return core.WAVValue(tone(16_000)), true
	case core.Image:
		return core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: picture()}, true
	default:
		return core.Value{}, false
	}
}

// tone returns a WAV file with a 440 Hz tone, sampled at 16 kHz.
func tone(samples int) []byte {
	const rate, hz, period = 16_000, 440, 400 // period samples are 11 waves
	clip := audio.Clip{Rate: rate, Samples: make([]int16, samples)}
	for i := range min(samples, period) {
		clip.Samples[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/rate))
	}
	for done := period; done < samples; done *= 2 {
		copy(clip.Samples[done:], clip.Samples[:done])
	}
	return audio.EncodeWAV(clip)
}

// largeSample returns a value of 8 MiB of a modality.
func largeSample(m core.Modality) (core.Value, bool) {
	v, ok := sample(m)
	switch m {
	case core.Text:
		v.Data = bytes.Repeat([]byte("lorem ip"), large/8)
	case core.Audio:
		v.Data = tone(large / 2)
	case core.Image: // data after the end of the image are ignored
		v.Data = append(picture(), make([]byte, large)...)
	}
	return v, ok
}

// hostile are values that are likely to break parsers.
func hostile() map[string]core.Value {
	wav, png := core.WAVValue(tone(1600)), core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: picture()}
	noise := make([]byte, 64<<10)
	for i := range noise { // the same in each run
		noise[i] = byte(i * i >> 3 * 31)
	}
	with := func(v core.Value, data []byte) core.Value {
		v.Data = data
		return v
	}
	text := core.TextValue("")
	return map[string]core.Value{
		"an empty text":           text,
		"NUL bytes":               core.TextValue("read\x00me\x00\x00"),
		"invalid UTF-8":           core.TextValue("\xff\xfe\xc3\x28 code \xf0\x28"),
		"a text of 8 MiB":         with(text, bytes.Repeat([]byte{'A'}, large)),
		"a truncated WAV file":    with(wav, wav.Data[:len(wav.Data)/3]),
		"half a WAV header":       with(wav, wav.Data[:20]),
		"noise as a WAV file":     with(wav, noise),
		"a WAV header with noise": with(wav, append(bytes.Clone(wav.Data[:36]), noise...)),
		"no bytes as a WAV file":  with(wav, nil),
		"noise as a PNG file":     with(png, noise),
		"a truncated PNG file":    with(png, png.Data[:40]),
	}
}
