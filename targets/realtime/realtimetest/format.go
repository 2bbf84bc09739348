package realtimetest

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// agentRate is the sample rate, in Hz, of all audio of an [Agent].
const agentRate = 24000

// format is the audio format of one direction of a session.
type format string

const (
	pcm  format = "audio/pcm"
	pcmu format = "audio/pcmu"
	pcma format = "audio/pcma"
)

// formatOf reads a session's format object.
func formatOf(v any) (format, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return "", false
	}
	f := format(asString(object["type"]))
	rate, hasRate := asNumber(object["rate"])
	switch f {
	case pcm:
		return f, hasRate && rate == agentRate
	case pcmu, pcma:
		return f, !hasRate
	}
	return "", false
}

// bytesPerSecond is the data rate of a format.
func (f format) bytesPerSecond() int {
	if f == pcm {
		return 2 * agentRate
	}
	return 8000
}

// duration is the playing time of data.
func (f format) duration(data []byte) time.Duration {
	return time.Duration(len(data)) * time.Second / time.Duration(f.bytesPerSecond())
}

// decode converts a client's audio to the agent's format.
func (f format) decode(data []byte) []byte {
	switch f {
	case pcmu:
		return audio.Clip{Rate: 8000, Samples: audio.DecodeMuLaw(data)}.Resample(agentRate).PCM()
	case pcma:
		return audio.Clip{Rate: 8000, Samples: audio.DecodeALaw(data)}.Resample(agentRate).PCM()
	}
	return data[:len(data)&^1]
}

// encode converts an agent's speech to the session's format.
func (f format) encode(speech []byte) ([]byte, error) {
	if f == pcm {
		return speech, nil
	}
	clip, err := audio.FromPCM(speech, agentRate)
	if err != nil {
		return nil, err
	}
	samples := clip.Resample(8000).Samples
	if f == pcmu {
		return audio.EncodeMuLaw(samples), nil
	}
	return audio.EncodeALaw(samples), nil
}
