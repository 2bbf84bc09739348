package wstarget

import (
	"encoding/base64"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// encodeClip returns a clip as its samples travel, at the rate of the service.
func (s Sound) encodeClip(c audio.Clip) []byte {
	c = c.Resample(s.Rate)
	switch s.Encoding {
	case "mulaw":
		return audio.EncodeMuLaw(c.Samples)
	case "alaw":
		return audio.EncodeALaw(c.Samples)
	case "pcm16be":
		return swapped(c.PCM())
	}
	return c.PCM()
}

// isG711 reports whether a sample is one byte.
func (s Sound) isG711() bool { return s.Encoding == "mulaw" || s.Encoding == "alaw" }

// swapped returns whole samples with their two bytes in the other order.
func swapped(data []byte) []byte {
	data = slices.Clone(data[:len(data)&^1])
	for i := 0; i < len(data); i += 2 {
		data[i], data[i+1] = data[i+1], data[i]
	}
	return data
}

// decodeClip returns samples that have travelled.
func (s Sound) decodeClip(data []byte) (audio.Clip, error) {
	switch s.Encoding {
	case "mulaw":
		return audio.Clip{Rate: s.Rate, Samples: audio.DecodeMuLaw(data)}, nil
	case "alaw":
		return audio.Clip{Rate: s.Rate, Samples: audio.DecodeALaw(data)}, nil
	case "pcm16be":
		data = swapped(data)
	}
	return audio.FromPCM(data[:len(data)&^1], s.Rate)
}

// pieceBytes is the size of one piece.
func (s Sound) pieceBytes() int {
	samples := max(1, int(int64(s.Rate)*int64(s.Piece)/1e9))
	if s.isG711() {
		return samples
	}
	return 2 * samples
}

// silence returns one piece of silence.
func (s Sound) silence() []byte {
	return s.encodeClip(audio.Clip{Rate: s.Rate, Samples: make([]int16, max(1, int(int64(s.Rate)*int64(s.Piece)/1e9)))})
}

// pieces divides samples that travel. On a line that is never silent the last piece is
// filled with silence: gateways send pieces of one length.
func (s Sound) pieces(data []byte) [][]byte {
	var all [][]byte
	for size := s.pieceBytes(); len(data) > 0; {
		if s.Silence && len(data) < size {
			data = append(slices.Clone(data), s.silence()[len(data):]...)
		}
		n := min(size, len(data))
		all = append(all, data[:n])
		data = data[n:]
	}
	return all
}

// soundOf returns the sound of a message as it travels; nil for none.
func (s Sound) soundOf(m core.Message) (data []byte, warnings []string, err error) {
	for _, v := range m.Of(core.Audio) {
		clip, found, err := audio.FromValue(v)
		if err != nil {
			return nil, nil, core.Errorf(core.ErrorInput, "the turn's sound: %w", err)
		}
		data, warnings = append(data, s.encodeClip(clip)...), append(warnings, found...)
	}
	return data, warnings, nil
}

// decodeBase64 decodes a piece of sound.
func decodeBase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "a piece of the reply's sound is not base64: %w", err).About(core.SubjectAnswer)
	}
	return data, nil
}
