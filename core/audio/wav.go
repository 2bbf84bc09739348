package audio

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"

	"github.com/go-audio/audio"
	"github.com/go-audio/wav"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The limits on a WAV file that is decoded. They also bound the memory of the
// resampled audio: an hour at 24 kHz takes 173 MB.
const (
	// MaxWAV is the largest size in bytes: 23 minutes of 16-bit mono at 24 kHz. It
	// is also the largest message between the orchestrator and a plugin.
	MaxWAV = 64 << 20
	// MaxDuration is the longest playing time, that of the longest sessions of
	// voice services.
	MaxDuration = time.Hour
)

// DecodeWAV decodes a WAV file to mono at the file's own rate: integer PCM of 8,
// 16, 24 and 32 bits, float of 32 and 64 bits, A-law and mu-law, with the plain or
// the extensible header. Channels are averaged. Sizes in the file are checked
// against the bytes present; less than 16 times the file's length plus 64 KiB is
// allocated. A streamed file, whose header does not know its length, is read to
// its end. The warnings say what is missing from a file that is cut off, what was
// left out or guessed, and that a file has no audio.
//
// Errors are of the kind [core.ErrorInput] and say what is wrong with the file.
func DecodeWAV(data []byte) (Clip, []string, error) {
	if len(data) > MaxWAV {
		return Clip{}, nil, core.Errorf(core.ErrorInput, "the WAV file has %d bytes, more than %d", len(data), MaxWAV)
	}
	c, err := openWAV(data)
	if err != nil {
		return Clip{}, nil, err
	}
	if longest := int(MaxDuration.Seconds()) * c.format.rate; c.frames() > longest {
		return Clip{}, nil, core.Errorf(core.ErrorInput, "the WAV file plays for longer than %v", MaxDuration)
	}
	clip, err := c.decode()
	if err != nil {
		return Clip{}, nil, err
	}
	return clip, c.warnings, nil
}

// frames is how many frames there are, each with a sample of every channel.
func (c container) frames() int { return len(c.data) / c.format.frameSize() }

// decode decodes the samples.
func (c container) decode() (Clip, error) {
	m := mixer{channels: c.format.channels, out: make([]int16, 0, c.frames())}
	switch c.format.tag {
	case tagPCM:
		if err := c.decodePCM(&m); err != nil {
			return Clip{}, err
		}
	case tagFloat:
		c.decodeFloat(&m)
	case tagALaw:
		c.decodeG711(&m, decodeALaw)
	case tagMuLaw:
		c.decodeG711(&m, decodeMuLaw)
	}
	return Clip{Rate: c.format.rate, Samples: m.out}, nil
}

// EncodeWAV returns the clip as a WAV file with the 44-byte header.
func EncodeWAV(c Clip) []byte {
	size := 2 * len(c.Samples)
	file := make([]byte, headerSize+size)
	appendHeader(file[:0], mono16(c.Rate), size)
	c.putPCM(file[headerSize:])
	return file
}

// EncodePCM returns raw little-endian 16-bit PCM of a rate in Hz as a WAV file. The
// result is that of [FromPCM] and [EncodeWAV], without decoding the samples. Its
// errors are those of FromPCM.
func EncodePCM(pcm []byte, rate int) ([]byte, error) {
	if err := checkPCM(pcm, rate); err != nil {
		return nil, err
	}
	header := appendHeader(make([]byte, 0, headerSize), mono16(rate), len(pcm))
	return append(header, pcm...), nil // append does not clear memory first, make would
}

// mono16 is the format of encoded files at a rate in Hz.
func mono16(rate int) waveFormat { return waveFormat{tag: tagPCM, channels: 1, rate: rate, bits: 16} }

// headerSize is the length in bytes of the header with only a fmt and a data chunk.
const headerSize = 44

// appendHeader appends the header of a file with dataSize bytes of audio to b.
func appendHeader(b []byte, f waveFormat, dataSize int) []byte {
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, uint32(headerSize-8+dataSize))
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, f.tag)
	b = le.AppendUint16(b, uint16(f.channels))
	b = le.AppendUint32(b, uint32(f.rate))
	b = le.AppendUint32(b, uint32(f.rate*f.frameSize()))
	b = le.AppendUint16(b, uint16(f.frameSize()))
	b = le.AppendUint16(b, uint16(f.bits))
	b = append(b, "data"...)
	return le.AppendUint32(b, uint32(dataSize))
}

// decodePCM decodes integer PCM with go-audio/wav. That package allocates whatever
// sizes a header claims and reads a streamed file as an empty one, so it is given
// a header with the checked sizes.
func (c container) decodePCM(m *mixer) error {
	file := append(appendHeader(make([]byte, 0, headerSize+len(c.data)), c.format, len(c.data)), c.data...)
	decoder := wav.NewDecoder(bytes.NewReader(file))
	block := &audio.IntBuffer{Data: make([]int, 1024)}
	bias, scale := 0, math.Exp2(float64(c.format.bits-1))
	if c.format.bits == 8 { // the only unsigned width
		bias = 128
	}
	for {
		n, err := decoder.PCMBuffer(block)
		if err != nil {
			return core.Errorf(core.ErrorInput, "decoding the WAV file's audio: %w", err)
		}
		if n == 0 {
			break
		}
		for _, s := range block.Data[:n] {
			m.add(float64(s-bias) / scale)
		}
	}
	if want := len(c.data) / c.format.frameSize(); len(m.out) != want {
		return core.Errorf(core.ErrorInternal, "decoded %d of the WAV file's %d frames", len(m.out), want)
	}
	return nil
}

func (c container) decodeFloat(m *mixer) {
	if c.format.bits == 64 {
		for d := c.data; len(d) > 0; d = d[8:] {
			m.add(math.Float64frombits(binary.LittleEndian.Uint64(d)))
		}
		return
	}
	for d := c.data; len(d) > 0; d = d[4:] {
		m.add(float64(math.Float32frombits(binary.LittleEndian.Uint32(d))))
	}
}

func (c container) decodeG711(m *mixer, decode func(byte) int16) {
	for _, b := range c.data {
		m.add(float64(decode(b)) / fullScale)
	}
}

// mixer averages the channels of interleaved amplitudes.
type mixer struct {
	channels int
	sum      float64
	have     int
	out      []int16
}

func (m *mixer) add(amplitude float64) {
	m.sum += amplitude
	m.have++
	if m.have == m.channels {
		m.out = append(m.out, quantise(m.sum/float64(m.channels)))
		m.sum, m.have = 0, 0
	}
}
