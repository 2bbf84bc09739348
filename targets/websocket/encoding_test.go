package wstarget

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestSamplesTravelInTheOrderOfTheirBytes(t *testing.T) {
	clip := audio.Clip{Rate: 16_000, Samples: []int16{0x0102, -2}}
	for encoding, want := range map[string][]byte{"pcm16": {2, 1, 0xfe, 0xff}, "pcm16be": {1, 2, 0xff, 0xfe}} {
		s := Sound{Encoding: encoding, Rate: 16_000}
		if got := s.encodeClip(clip); !bytes.Equal(got, want) {
			t.Errorf("%s travels as %x, want %x", encoding, got, want)
		}
		// A byte that is left over is none of a sample.
		if got, err := s.decodeClip(append(slices.Clone(want), 7)); err != nil || !slices.Equal(got.Samples, clip.Samples) {
			t.Errorf("%s: %x, %v", encoding, got.Samples, err)
		}
	}
}

func TestOnALineThatIsNeverSilentAllPiecesAreOfOneLength(t *testing.T) {
	for _, encoding := range []string{"pcm16", "mulaw"} {
		s := Sound{Encoding: encoding, Rate: 8000, Piece: core.Duration(20 * time.Millisecond)}
		sound := s.encodeClip(audio.Clip{Rate: 8000, Samples: slices.Repeat([]int16{1000}, 161)})
		pieces := s.pieces(sound)
		if len(pieces) != 2 || !bytes.Equal(slices.Concat(pieces...), sound) {
			t.Errorf("%s: %d pieces, and not what there was", encoding, len(pieces))
		}
		s.Silence = true
		pieces = s.pieces(sound)
		if len(pieces) != 2 || len(pieces[1]) != len(pieces[0]) {
			t.Fatalf("%s: pieces of %d and %d bytes", encoding, len(pieces[0]), len(pieces[1]))
		}
		clip, err := s.decodeClip(pieces[1])
		if err != nil || clip.Samples[0] < 900 || slices.ContainsFunc(clip.Samples[1:], func(v int16) bool { return v != 0 }) {
			t.Errorf("%s: the last piece is %v, %v", encoding, clip.Samples, err)
		}
	}
}
