package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The format tags of RFC 2361 that are decoded.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagALaw       = 6
	tagMuLaw      = 7
	tagExtensible = 0xFFFE
)

// maxChannels is what the widest loudspeaker set-ups have; more is a broken
// header.
const maxChannels = 16

// waveFormat is the content of a fmt chunk.
type waveFormat struct {
	tag      uint16
	channels int
	rate     int
	bits     int // of one sample of one channel
}

// frameSize returns the bytes of one sample of all channels.
func (f waveFormat) frameSize() int { return f.channels * f.bits / 8 }

// subFormatTail ends the GUID of every sub-format that stands for a format tag.
var subFormatTail = []byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}

// parseFormat reads a fmt chunk and refuses what could only be decoded into
// noise.
func parseFormat(chunk []byte) (waveFormat, error) {
	if len(chunk) < 16 {
		return waveFormat{}, core.Errorf(core.KindInput, "the WAV file's fmt chunk has %d bytes, fewer than 16", len(chunk))
	}
	f := waveFormat{
		tag:      binary.LittleEndian.Uint16(chunk),
		channels: int(binary.LittleEndian.Uint16(chunk[2:])),
		bits:     int(binary.LittleEndian.Uint16(chunk[14:])),
	}
	if f.tag == tagExtensible {
		if len(chunk) < 40 {
			return waveFormat{}, core.Errorf(core.KindInput, "the WAV file's extensible fmt chunk has %d bytes, fewer than 40", len(chunk))
		}
		if !bytes.Equal(chunk[26:40], subFormatTail) {
			return waveFormat{}, core.Errorf(core.KindInput, "the WAV file has the unknown sub-format %x", chunk[24:40])
		}
		f.tag = binary.LittleEndian.Uint16(chunk[24:])
	}
	if f.channels < 1 || f.channels > maxChannels {
		return waveFormat{}, core.Errorf(core.KindInput, "the WAV file claims %d channels; 1 to %d can be decoded", f.channels, maxChannels)
	}
	rate := int64(binary.LittleEndian.Uint32(chunk[4:]))
	if err := checkRate(rate); err != nil {
		return waveFormat{}, fmt.Errorf("WAV file: %w", err)
	}
	f.rate = int(rate)
	if err := f.checkBits(); err != nil {
		return waveFormat{}, err
	}
	if align := int(binary.LittleEndian.Uint16(chunk[12:])); align != f.frameSize() {
		return waveFormat{}, core.Errorf(core.KindInput, "the WAV file claims frames of %d bytes, but %d channels of %d bits make %d", align, f.channels, f.bits, f.frameSize())
	}
	return f, nil
}

// checkBits checks that the format is one that is decoded, at that width.
func (f waveFormat) checkBits() error {
	var widths []int
	switch f.tag {
	case tagPCM:
		widths = []int{8, 16, 24, 32}
	case tagFloat:
		widths = []int{32, 64}
	case tagALaw, tagMuLaw:
		widths = []int{8}
	}
	if widths == nil {
		err := core.Errorf(core.KindInput, "the WAV file holds %s; PCM, float, A-law and mu-law can be decoded", tagName(f.tag))
		return err.WithHint("convert it first, for instance with: ffmpeg -i FILE -ac 1 -c:a pcm_s16le OUT.wav")
	}
	for _, w := range widths {
		if f.bits == w {
			return nil
		}
	}
	return core.Errorf(core.KindInput, "the WAV file holds %s of %d bits; it can be decoded with %v bits", tagName(f.tag), f.bits, widths)
}

func tagName(tag uint16) string {
	switch tag {
	case tagPCM:
		return "PCM"
	case tagFloat:
		return "float"
	case tagALaw:
		return "A-law"
	case tagMuLaw:
		return "mu-law"
	case 0x0002:
		return "Microsoft ADPCM"
	case 0x0011:
		return "IMA ADPCM"
	case 0x0031:
		return "GSM 6.10"
	case 0x0055:
		return "MP3"
	}
	return fmt.Sprintf("the format 0x%04X", tag)
}
