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

// maxChannels is the largest channel count that is decoded. A larger one is taken
// for a broken header.
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

// subFormatTail is the last 14 bytes of the GUID of every sub-format that encodes
// a format tag.
var subFormatTail = []byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}

// parseFormat reads a fmt chunk. It refuses formats that cannot be decoded and
// fields that contradict each other.
func parseFormat(chunk []byte) (waveFormat, error) {
	if len(chunk) < 16 {
		return waveFormat{}, core.Errorf(core.ErrorInput, "the WAV file's fmt chunk has %d bytes, fewer than 16", len(chunk))
	}
	tag, err := formatTag(chunk)
	if err != nil {
		return waveFormat{}, err
	}
	f := waveFormat{
		tag:      tag,
		channels: int(binary.LittleEndian.Uint16(chunk[2:])),
		bits:     int(binary.LittleEndian.Uint16(chunk[14:])),
	}
	if f.channels < 1 || f.channels > maxChannels {
		return waveFormat{}, core.Errorf(core.ErrorInput, "the WAV file claims %d channels; 1 to %d can be decoded", f.channels, maxChannels)
	}
	rate := int64(binary.LittleEndian.Uint32(chunk[4:]))
	if err := checkRate(rate); err != nil {
		return waveFormat{}, fmt.Errorf("WAV file: %w", err)
	}
	f.rate = int(rate)
	if err := f.checkDecodable(); err != nil {
		return waveFormat{}, err
	}
	if align := int(binary.LittleEndian.Uint16(chunk[12:])); align != f.frameSize() {
		return waveFormat{}, core.Errorf(core.ErrorInput, "the WAV file claims frames of %d bytes, but %d channels of %d bits make %d", align, f.channels, f.bits, f.frameSize()).WithHint(convertHint)
	}
	return f, nil
}

// formatTag returns the format tag of a fmt chunk. In the extensible header it is
// the beginning of the sub-format. That header's number of valid bits is ignored:
// the valid bits are the upper ones of a sample.
func formatTag(chunk []byte) (uint16, error) {
	tag := binary.LittleEndian.Uint16(chunk)
	if tag != tagExtensible {
		return tag, nil
	}
	if len(chunk) < 40 {
		return 0, core.Errorf(core.ErrorInput, "the WAV file's extensible fmt chunk has %d bytes, fewer than 40", len(chunk))
	}
	if !bytes.Equal(chunk[26:40], subFormatTail) {
		return 0, core.Errorf(core.ErrorInput, "the WAV file has the unknown sub-format %x; %s", chunk[24:40], whatCanBeDecoded).WithHint(convertHint)
	}
	return binary.LittleEndian.Uint16(chunk[24:]), nil
}

const whatCanBeDecoded = "PCM, float, A-law and mu-law can be decoded"

// checkDecodable checks that the encoding can be decoded at its sample width.
func (f waveFormat) checkDecodable() error {
	var ok bool
	can := whatCanBeDecoded
	switch f.tag {
	case tagPCM:
		ok = f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32
		can = "PCM of 8, 16, 24 and 32 bits can be decoded"
	case tagFloat:
		ok = f.bits == 32 || f.bits == 64
		can = "float of 32 and 64 bits can be decoded"
	case tagALaw, tagMuLaw:
		ok = f.bits == 8
		can = "A-law and mu-law of 8 bits can be decoded"
	}
	if ok {
		return nil
	}
	return core.Errorf(core.ErrorInput, "the WAV file holds %s; %s", f, can).WithHint(convertHint)
}

// String names the encoding.
func (f waveFormat) String() string {
	switch f.tag {
	case tagPCM:
		return fmt.Sprintf("PCM of %d bits", f.bits)
	case tagFloat:
		return fmt.Sprintf("float of %d bits", f.bits)
	case tagALaw:
		return fmt.Sprintf("A-law of %d bits", f.bits)
	case tagMuLaw:
		return fmt.Sprintf("mu-law of %d bits", f.bits)
	case 0x0002:
		return "Microsoft ADPCM"
	case 0x0011:
		return "IMA ADPCM"
	case 0x0031:
		return "GSM 6.10"
	case 0x0055:
		return "MP3"
	}
	return fmt.Sprintf("the format 0x%04X", f.tag)
}
