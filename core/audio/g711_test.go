package audio_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

type law struct {
	name   string
	encode func([]int16) []byte
	decode func([]byte) []int16
	// loudest is the amplitude of the outermost code, clip where its step
	// ends.
	loudest, clip int16
}

var laws = []law{
	{"mulaw", audio.EncodeMuLaw, audio.DecodeMuLaw, 32124, 32635},
	{"alaw", audio.EncodeALaw, audio.DecodeALaw, 32256, 32767},
}

func every8BitCode() []byte {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	return codes
}

func TestG711DecodesEveryCodeAsSoXAndFFmpegDo(t *testing.T) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			f, err := os.Open("testdata/" + l.name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, checked := l.decode(every8BitCode()), 0
			for lines := bufio.NewScanner(f); lines.Scan(); {
				var code byte
				var want int16
				if n, _ := fmt.Sscanf(lines.Text(), "%x %d", &code, &want); n != 2 {
					continue
				}
				checked++
				if got[code] != want {
					t.Errorf("code %02x decodes to %d, want %d", code, got[code], want)
				}
			}
			if checked != 256 {
				t.Errorf("checked %d codes, want 256", checked)
			}
		})
	}
}

// The steps of G.711's tables: each segment's are twice as wide as those of the
// one before; A-law's first two are alike.
func halfStep(l law, code byte) int {
	if l.name == "mulaw" {
		return 4 << (^code >> 4 & 7)
	}
	return 8 << max(int((code^0x55)>>4&7)-1, 0)
}

func TestG711EncodesEverySampleToTheCodeWhoseStepItFallsIn(t *testing.T) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			previous := int16(math.MinInt16)
			for s := math.MinInt16; s <= math.MaxInt16; s++ {
				sample := max(-l.clip, min(l.clip, int16(max(s, -math.MaxInt16))))
				code := l.encode([]int16{int16(s)})[0]
				decoded := l.decode([]byte{code})[0]
				if d := distance(sample, decoded); d > halfStep(l, code) {
					t.Fatalf("sample %d comes back as %d, more than half a step of %d away", s, decoded, 2*halfStep(l, code))
				}
				if decoded < previous {
					t.Fatalf("sample %d comes back as %d, less than the one before", s, decoded)
				}
				previous = decoded
			}
		})
	}
}

func distance(a, b int16) int {
	if a < b {
		return int(b) - int(a)
	}
	return int(a) - int(b)
}

func TestG711ClipsWhatIsLouderThanItsLoudestCode(t *testing.T) {
	for _, l := range laws {
		got := l.decode(l.encode([]int16{math.MaxInt16, math.MinInt16}))
		if got[0] != l.loudest || got[1] != -l.loudest {
			t.Errorf("%s: full scale comes back as %d, want ±%d", l.name, got, l.loudest)
		}
	}
}

func TestDecodingAndEncodingG711AgainGivesTheSameCode(t *testing.T) {
	for _, l := range laws {
		codes := every8BitCode()
		again := l.encode(l.decode(codes))
		for i := range codes {
			negativeZero := l.name == "mulaw" && codes[i] == 0x7F
			if codes[i] != again[i] && !negativeZero {
				t.Errorf("%s: code %02x becomes %02x", l.name, codes[i], again[i])
			}
		}
	}
}
