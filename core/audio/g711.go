package audio

import "math/bits"

// ITU-T G.711 encodes a sample in eight bits: a sign, a segment number (a power
// of two) and four bits of position within the segment. Mu-law, used in North
// America and Japan, is defined on 14-bit amplitudes; A-law, used elsewhere, on
// 13-bit ones. The functions here take and return 16-bit samples.

const (
	muBias = 33 << 2 // added so that each segment starts at a power of two
	muClip = 32767 - muBias
)

// EncodeMuLaw compands samples to G.711 mu-law, one byte per sample.
func EncodeMuLaw(samples []int16) []byte { return compand(samples, encodeMuLaw) }

// DecodeMuLaw expands G.711 mu-law to samples.
func DecodeMuLaw(codes []byte) []int16 { return expand(codes, decodeMuLaw) }

// EncodeALaw compands samples to G.711 A-law, one byte per sample.
func EncodeALaw(samples []int16) []byte { return compand(samples, encodeALaw) }

// DecodeALaw expands G.711 A-law to samples.
func DecodeALaw(codes []byte) []int16 { return expand(codes, decodeALaw) }

func compand(samples []int16, encode func(int16) byte) []byte {
	codes := make([]byte, len(samples))
	for i, s := range samples {
		codes[i] = encode(s)
	}
	return codes
}

func expand(codes []byte, decode func(byte) int16) []int16 {
	samples := make([]int16, len(codes))
	for i, c := range codes {
		samples[i] = decode(c)
	}
	return samples
}

func encodeMuLaw(sample int16) byte {
	magnitude, sign := int(sample), byte(0)
	if magnitude < 0 {
		magnitude, sign = -magnitude, 0x80
	}
	magnitude = min(magnitude, muClip) + muBias
	segment := bits.Len(uint(magnitude)) - 8
	position := magnitude >> (segment + 3) & 0x0F
	return ^(sign | byte(segment<<4) | byte(position))
}

func decodeMuLaw(code byte) int16 {
	code = ^code
	segment, position := code>>4&7, int(code&0x0F)
	magnitude := (position<<3+muBias)<<segment - muBias
	if code&0x80 != 0 {
		return int16(-magnitude)
	}
	return int16(magnitude)
}

// aLawToggle inverts every other bit of a code, as G.711 demands for A-law, so
// that silence is not sent as a run of equal bits.
const aLawToggle = 0x55

func encodeALaw(sample int16) byte {
	magnitude, sign := int(sample), byte(0x80)
	if magnitude < 0 {
		magnitude, sign = -magnitude-1, 0 // -1 lies in the first negative step, as 0 in the first positive one
	}
	segment := max(bits.Len(uint(magnitude))-8, 0)
	position := magnitude >> (max(segment, 1) + 3) & 0x0F
	return (sign | byte(segment<<4) | byte(position)) ^ aLawToggle
}

func decodeALaw(code byte) int16 {
	code ^= aLawToggle
	segment, position := code>>4&7, int(code&0x0F)
	magnitude := position<<4 + 8 // the middle of the step
	if segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if code&0x80 == 0 {
		return int16(-magnitude)
	}
	return int16(magnitude)
}
