package wstarget

import (
	"encoding/base64"

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
	}
	return c.PCM()
}

// decodeClip returns samples that have travelled.
func (s Sound) decodeClip(data []byte) (audio.Clip, error) {
	switch s.Encoding {
	case "mulaw":
		return audio.Clip{Rate: s.Rate, Samples: audio.DecodeMuLaw(data)}, nil
	case "alaw":
		return audio.Clip{Rate: s.Rate, Samples: audio.DecodeALaw(data)}, nil
	}
	return audio.FromPCM(data[:len(data)&^1], s.Rate)
}

// pieceBytes is the size of one piece.
func (s Sound) pieceBytes() int {
	samples := max(1, int(int64(s.Rate)*int64(s.Piece)/1e9))
	if s.Encoding == "pcm16" {
		return 2 * samples
	}
	return samples
}

// silence returns one piece of silence.
func (s Sound) silence() []byte {
	return s.encodeClip(audio.Clip{Rate: s.Rate, Samples: make([]int16, max(1, int(int64(s.Rate)*int64(s.Piece)/1e9)))})
}

// pieces divides samples that travel.
func (s Sound) pieces(data []byte) [][]byte {
	var all [][]byte
	for size := s.pieceBytes(); len(data) > 0; {
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
