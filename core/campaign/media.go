package campaign

import (
	"bytes"
	"path"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	maxAudio = 64 << 20
	maxImage = 8 << 20
)

// The sounds that a campaign describes. All of a campaign together are bounded,
// because a small file could name a great many of them.
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

// audio reads the file of an audio: key.
func (r *reader) audio(v value) (string, *core.Value) {
	name, ok := r.text(v)
	if !ok {
		return "", nil
	}
	if ext := path.Ext(name); ext != ".wav" && ext != ".WAV" {
		r.problem(v.place(), "convert it to WAV first", "%s is not a WAV file by its name", shorten(name))
		return name, nil
	}
	data, ok := r.attachment(v.place(), name, maxAudio)
	if !ok {
		return name, nil
	}
	clip, warnings, err := audio.DecodeWAV(data)
	switch {
	case err != nil:
		r.problem(v.place(), "", "%s: %v", shorten(name), err)
		return name, nil
	case len(clip.Samples) == 0:
		r.problem(v.place(), "", "%s holds no audio", shorten(name))
		return name, nil
	case len(warnings) > 0:
		r.problem(v.place(), "save it again from its source", "%s: %s", shorten(name), strings.Join(warnings, "; "))
		return name, nil
	}
	value := core.WAVValue(data)
	return name, &value
}

// image reads the file of an image: key. What it is, its first bytes say.
func (r *reader) image(v value) (string, *core.Value) {
	name, ok := r.text(v)
	if !ok {
		return "", nil
	}
	data, ok := r.attachment(v.place(), name, maxImage)
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
		r.problem(v.place(), "save it as PNG or JPEG", "%s is neither a PNG nor a JPEG file by its first bytes", shorten(name))
		return name, nil
	}
	return name, &core.Value{Modality: core.Image, MediaType: media, Data: data}
}

// silence makes the sound of a silence: key.
func (r *reader) silence(v value) *core.Value {
	d, ok := r.soundFor(v)
	if !ok {
		return nil
	}
	return wav(audio.Silence(d, soundRate))
}

// noise makes the sound of a noise: key. It is the same whenever the campaign
// is read.
func (r *reader) noise(v value) *core.Value {
	level := float64(defaultLevel)
	var d time.Duration
	var ok bool
	before := len(r.problems)
	r.object(v, []field{
		{"duration", true, func(v value) { d, ok = r.soundFor(v) }},
		{"level", false, func(v value) {
			if n, ok := r.number(v, leastLevel, mostLevel, "in dBFS: -60 is faint, -20 loud"); ok {
				level = n
			}
		}},
	})
	if !ok || len(r.problems) > before {
		return nil
	}
	return wav(audio.Noise(d, soundRate, level, noiseSeed))
}

// soundFor reads how long a sound is.
func (r *reader) soundFor(v value) (time.Duration, bool) {
	d, ok := r.duration(v, leastSound, mostSound)
	if !ok {
		return 0, false
	}
	if r.sounds += d; r.sounds > mostSounds {
		r.problem(v.place(), "split the campaign", "the silence and noise up to here are longer than %s", mostSounds)
		r.sounds = 0 // one complaint will do
		return 0, false
	}
	return d, true
}

func wav(c audio.Clip) *core.Value {
	value := core.WAVValue(audio.EncodeWAV(c))
	return &value
}
