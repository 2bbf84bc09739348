package audio_test

import (
	"encoding/binary"
	"math"
	"testing"
)

func TestEveryEncodingDecodesToItsExactValues(t *testing.T) { check(t, encodings()) }

func encodings() []specimen {
	one := func(name string, format chunk, audio []byte, want ...int16) specimen {
		return specimen{name: name, file: riff("WAVE", format, data(audio...)), want: want}
	}
	nan, inf := math.NaN(), math.Inf(1)
	return []specimen{
		one("8 bits are unsigned", plain(1, 8000, 8), []byte{0, 127, 128, 129, 255}, -32768, -256, 0, 256, 32512),
		one("16 bits are exact", mono(), []byte{1, 0, 0xFF, 0xFF, 0, 0x80, 0xFF, 0x7F}, 1, -1, -32768, 32767),
		one("24 bits are rounded", plain(1, 8000, 24), []byte{0x7F, 1, 0, 0x81, 1, 0, 0xFF, 0xFF, 0x7F, 0, 0, 0x80}, 1, 2, 32767, -32768),
		one("32 bits are rounded", plain(1, 8000, 32), []byte{0, 0, 5, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0x80}, 5, 32767, -32768),
		one("float 32", fmtChunk(3, 1, 8000, 32), float32s(0.5, -1, 1, 7), 16384, -32768, 32767, 32767),
		one("float 64 with values that are no sound", fmtChunk(3, 1, 8000, 64), float64s(0.25, nan, inf, -inf), 8192, 0, 32767, -32768),
		one("mu-law", fmtChunk(7, 1, 8000, 8), []byte{0x00, 0x80, 0xFF}, -32124, 32124, 0),
		one("A-law", fmtChunk(6, 1, 8000, 8), []byte{0x55, 0xD5}, -8, 8),
		one("stereo is averaged", plain(2, 8000, 16), []byte{10, 0, 20, 0, 0xFF, 0x7F, 0x01, 0x80}, 15, 0),
		one("stereo of which one channel is not sound", fmtChunk(3, 2, 8000, 32), float32s(0.5, float32(nan), 0.5, 0.5), 0, 16384),
		one("three channels of 8 bits", plain(3, 8000, 8), []byte{128, 131, 134, 128, 128, 128}, 768, 0),
		one("16 channels of mu-law", fmtChunk(7, 16, 8000, 8), make([]byte, 32), -32124, -32124),
	}
}

func float32s(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func float64s(values ...float64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func TestTheExtensibleHeaderIsLookedThrough(t *testing.T) { check(t, extensibleHeaders()) }

func extensibleHeaders() []specimen {
	one := func(name string, format chunk, audio []byte, want ...int16) specimen {
		return specimen{name: name, file: riff("WAVE", format, data(audio...)), want: want}
	}
	const pcm, float, aLaw, muLaw = 1, 3, 6, 7
	unknown := extensible(pcm, 1, 8000, 16, 16)
	unknown.body[39] = 0
	return []specimen{
		one("PCM of 8 bits", extensible(pcm, 1, 8000, 8, 8), []byte{129}, 256),
		one("PCM of 16 bits", extensible(pcm, 1, 8000, 16, 16), []byte{7, 0}, 7),
		one("PCM of 24 bits", extensible(pcm, 1, 8000, 24, 24), []byte{0, 7, 0}, 7),
		one("PCM of 32 bits", extensible(pcm, 1, 8000, 32, 32), []byte{0, 0, 7, 0}, 7),
		one("float of 32 bits", extensible(float, 1, 8000, 32, 32), float32s(0.5), 16384),
		one("float of 64 bits", extensible(float, 1, 8000, 64, 64), float64s(0.5), 16384),
		one("A-law", extensible(aLaw, 1, 8000, 8, 8), []byte{0xD5}, 8),
		one("mu-law", extensible(muLaw, 1, 8000, 8, 8), []byte{0x80}, 32124),
		one("12 valid bits of 16 are the upper ones", extensible(pcm, 1, 8000, 16, 12), []byte{0x70, 0}, 0x70),
		one("20 valid bits of 24 are the upper ones", extensible(pcm, 1, 8000, 24, 20), []byte{0x10, 7, 0}, 7),
		one("24 valid bits of 32 are the upper ones", extensible(pcm, 1, 8000, 32, 24), []byte{0, 1, 7, 0}, 7),
		one("a number of valid bits that cannot be", extensible(pcm, 1, 8000, 16, 0), []byte{7, 0}, 7),
		{name: "cut short", file: riff("WAVE", fmtChunk(0xFFFE, 1, 8000, 16), data(1, 0)), err: "fewer than 40"},
		{name: "an unknown sub-format", file: riff("WAVE", unknown, data(1, 0)), err: "unknown sub-format"},
		{name: "the sub-format extensible", file: riff("WAVE", extensible(0xFFFE, 1, 8000, 16, 16), data(1, 0)), err: "the format 0xFFFE"},
	}
}

func TestWhatCannotBeDecodedIsNamedWithWhatCan(t *testing.T) { check(t, undecodable()) }

func undecodable() []specimen {
	one := func(holds string, format chunk, can string) specimen {
		return specimen{name: holds, file: riff("WAVE", format, data(1, 0)), err: "the WAV file holds " + holds + "; " + can + " can be decoded"}
	}
	const all = "PCM, float, A-law and mu-law"
	return []specimen{
		one("Microsoft ADPCM", fmtChunk(2, 1, 8000, 4), all),
		one("IMA ADPCM", fmtChunk(0x11, 1, 8000, 4), all),
		one("GSM 6.10", fmtChunk(0x31, 1, 8000, 0), all),
		one("MP3", fmtChunk(0x55, 1, 8000, 0), all),
		one("the format 0xABCD", fmtChunk(0xABCD, 1, 8000, 16), all),
		one("PCM of 0 bits", plain(1, 8000, 0), "PCM of 8, 16, 24 and 32 bits"),
		one("PCM of 12 bits", plain(1, 8000, 12), "PCM of 8, 16, 24 and 32 bits"),
		one("PCM of 20 bits", plain(1, 8000, 20), "PCM of 8, 16, 24 and 32 bits"),
		one("PCM of 64 bits", plain(1, 8000, 64), "PCM of 8, 16, 24 and 32 bits"),
		one("float of 16 bits", fmtChunk(3, 1, 8000, 16), "float of 32 and 64 bits"),
		one("A-law of 16 bits", fmtChunk(6, 1, 8000, 16), "A-law and mu-law of 8 bits"),
		one("mu-law of 16 bits", fmtChunk(7, 1, 8000, 16), "A-law and mu-law of 8 bits"),
	}
}

func TestAHeaderThatContradictsItselfIsRefused(t *testing.T) { check(t, contradictions()) }

func contradictions() []specimen {
	one := func(name string, format chunk, err string) specimen {
		return specimen{name: name, file: riff("WAVE", format, data(1, 0, 1)), err: err}
	}
	wrongFrames := plain(2, 8000, 16)
	wrongFrames.body[12] = 3
	padded := plain(1, 8000, 24)
	padded.body[12] = 4
	return []specimen{
		one("a short fmt chunk", chunk{id: "fmt ", body: make([]byte, 12)}, "12 bytes, fewer than 16"),
		one("an empty fmt chunk", chunk{id: "fmt "}, "0 bytes, fewer than 16"),
		one("no channels", plain(0, 8000, 16), "claims 0 channels"),
		one("17 channels", plain(17, 8000, 16), "claims 17 channels; 1 to 16 can be decoded"),
		one("65535 channels", plain(65535, 8000, 16), "claims 65535 channels"),
		one("rate 0", plain(1, 0, 16), "sample rate of 0 Hz"),
		one("a rate below all that is used", plain(1, 3999, 16), "sample rate of 3999 Hz"),
		one("a rate of a gigahertz", plain(1, 1e9, 16), "sample rate of 1000000000 Hz"),
		one("a rate of 4 GHz", plain(1, math.MaxUint32, 16), "sample rate of 4294967295 Hz"),
		one("frames that do not add up", wrongFrames, "frames of 3 bytes, but 2 channels of 16 bits make 4"),
		one("24 bits in frames of 4 bytes", padded, "frames of 4 bytes, but 1 channels of 24 bits make 3"),
	}
}
