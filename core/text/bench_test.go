package text_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// long are texts of a size, each of a kind that could take more than linear time.
func long(size int) map[string]string {
	all := map[string]string{}
	for name, piece := range map[string]string{
		"English":         "The line is busy, and nobody tells the code to callers. ",
		"Russian":         "Линия занята, и никто не скажет код тем, кто звонит. ",
		"Chinese":         "线路繁忙，没有人会把密码告诉来电者。",
		"Vietnamese":      "Đường dây đang bận và không ai nói mã cho người gọi. ",
		"nothing visible": "\u200b",
		"marks":           "\u0301",
		"almost found":    "blue eleve",
		"look-alikes":     "b1ue e1eve ll 11 ",
		"markup":          "<b>*&amp;_<",
		"line ends":       "\n",
		"numbers":         "one thousand and two hundred and twenty ",
	} {
		all[name] = strings.Repeat(piece, size/len(piece))
	}
	return all
}

func TestLongTextsTakeNoMoreThanLinearTime(t *testing.T) {
	for name, s := range long(256 << 10) {
		for _, wanted := range []string{"blue eleven", "11"} {
			m, ok := text.Search{Spoken: wanted == "blue eleven"}.Phrase(wanted).In(text.New(s))
			if isThere := name == "look-alikes" && wanted == "11"; ok != isThere {
				t.Errorf("%s: %.20q found: %t at %d", name, wanted, ok, m.Start)
			}
		}
	}
}

func BenchmarkFind(b *testing.B) {
	p := text.Search{}.Phrase("blue eleven")
	for name, s := range long(8 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				p.In(text.New(s))
			}
		})
	}
}

func BenchmarkHear(b *testing.B) {
	p := text.Search{Spoken: true}.Phrase("blue eleven")
	for name, s := range long(8 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				p.In(text.New(s))
			}
		})
	}
}
