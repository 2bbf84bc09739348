package campaign

import (
	"bytes"
	"path"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const (
	maxAudio = 64 << 20
	maxImage = 8 << 20
)

// The limits of generated silence and noise, of each and of all together: a
// small file can describe many hours.
const (
	soundRate    = 24_000
	leastSound   = time.Millisecond
	mostSound    = time.Minute
	mostSounds   = time.Hour
	leastLevel   = -80
	mostLevel    = 0
	defaultLevel = -40
	noiseSeed    = 1
)

// speech reads the file of an audio: key that a target has to hear.
func (in *folder) speech(v value) (string, *core.Value) {
	name, value := in.audio(v)
	if value == nil || in.wasHeld {
		return name, value
	}
	if longest, err := audio.LongestSound(*value, audio.LeastHeard); err == nil && longest < audio.LeastHeard {
		v.Problem("record it again; a pause that is meant is {silence: 1s} in parts:",
			"there is nothing to hear in %s: no sound of %d ms or more between 250 and 8,000 Hz is louder than -70 dBFS",
			yamlfile.Quote(name), audio.LeastHeard.Milliseconds())
		return name, nil
	}
	return name, value
}

// audio reads the file of an audio: key.
func (in *folder) audio(v value) (string, *core.Value) {
	name, ok := v.Text()
	if !ok {
		return "", nil
	}
	if ext := path.Ext(name); ext != ".wav" && ext != ".WAV" {
		v.Problem("convert it to WAV first", "%s is not a WAV file by its name", yamlfile.Quote(name))
		return name, nil
	}
	data, ok := in.attachment(v, name, maxAudio)
	if !ok {
		return name, nil
	}
	clip, warnings, err := audio.DecodeWAV(data)
	switch {
	case err != nil:
		v.Problem("", "%s: %v", yamlfile.Quote(name), err)
		return name, nil
	case len(clip.Samples) == 0:
		v.Problem("", "%s holds no audio", yamlfile.Quote(name))
		return name, nil
	case len(warnings) > 0:
		v.Problem("save it again from its source", "%s: %s", yamlfile.Quote(name), strings.Join(warnings, "; "))
		return name, nil
	}
	value := core.WAVValue(data)
	return name, &value
}

// image reads the file of an image: key. Its first bytes determine the format.
func (in *folder) image(v value) (string, *core.Value) {
	name, ok := v.Text()
	if !ok {
		return "", nil
	}
	data, ok := in.attachment(v, name, maxImage)
	if !ok {
		return name, nil
	}
	var media string
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		media = core.MediaPNG
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		media = core.MediaJPEG
	default:
		v.Problem("save it as PNG or JPEG", "%s is neither a PNG nor a JPEG file by its first bytes", yamlfile.Quote(name))
		return name, nil
	}
	return name, &core.Value{Modality: core.Image, MediaType: media, Data: data}
}

// silence generates the sound of a silence: key.
func (in *folder) silence(v value) *core.Value {
	d, ok := in.soundFor(v)
	if !ok {
		return nil
	}
	return wav(audio.Silence(d, soundRate))
}

// noise generates the sound of a noise: key, from a fixed seed, so that it is
// the same each time.
func (in *folder) noise(v value) *core.Value {
	level := float64(defaultLevel)
	var d time.Duration
	var ok bool
	before := v.File().Count()
	v.Object(
		yamlfile.Required("duration", func(v value) { d, ok = in.soundFor(v) }),
		yamlfile.Optional("level", func(v value) {
			if n, ok := v.Number(leastLevel, mostLevel, "in dBFS: -60 is faint, -20 loud"); ok {
				level = n
			}
		}),
	)
	if !ok || v.File().Count() > before {
		return nil
	}
	return wav(audio.Noise(d, soundRate, level, noiseSeed))
}

// soundFor reads the length of a sound.
func (in *folder) soundFor(v value) (time.Duration, bool) {
	d, ok := v.Duration(leastSound, mostSound)
	if !ok {
		return 0, false
	}
	if in.sounds += d; in.sounds > mostSounds {
		v.Problem("split the campaign", "the silence and noise up to here are longer than %s", mostSounds)
		in.sounds = 0 // reported once
		return 0, false
	}
	return d, true
}

func wav(c audio.Clip) *core.Value {
	value := core.WAVValue(audio.EncodeWAV(c))
	return &value
}
