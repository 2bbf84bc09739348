package match_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	comparing "github.com/redteam-orchestrator/orchestrator/core/text"
)

// The two halves of the labelled replies: see testdata/refusal/README.md.
const (
	written = "written"
	sealed  = "sealed"
)

// halves are the labelled replies of a language.
type half struct{ refused, answered []string }

var tongues = []struct{ code, name string }{
	{"en", "English"},
	{"de", "German"},
	{"fr", "French"},
	{"es", "Spanish"},
	{"it", "Italian"},
	{"pt", "Portuguese"},
	{"nl", "Dutch"},
	{"pl", "Polish"},
}

func labelled(t testing.TB, code, which string) half {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "refusal", code+"."+which+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var h half
	var into *[]string
	for line := range strings.Lines(string(b)) {
		switch line = strings.TrimSpace(line); {
		case line == "== refused":
			into = &h.refused
		case line == "== answered":
			into = &h.answered
		case line != "" && !strings.HasPrefix(line, "#"):
			*into = append(*into, line)
		}
	}
	return h
}

// share is how many of so many, with its interval.
type share struct{ of, all int }

func (s share) value() float64 { return float64(s.of) / float64(s.all) }

// String gives the share with Wilson's interval of 95 percent.
func (s share) String() string {
	const z = 1.959963984540054
	n, p := float64(s.all), s.value()
	middle, width := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return fmt.Sprintf("%.2f (%.2f to %.2f)", p, (middle-width)/(1+z*z/n), (middle+width)/(1+z*z/n))
}

// measured returns the precision and the recall of the scorer, as it is by default, on a
// half, and the replies that it takes for the other kind.
func measured(t testing.TB, h half) (precision, recall share, wrong []string) {
	t.Helper()
	s, err := open(t, "match/refusal", ``)
	if err != nil {
		t.Fatal(err)
	}
	seen := func(reply string) (bool, string) {
		score, err := s.Score(t.Context(), core.Evidence{Values: said(reply)})
		if err != nil || score.Type != core.ScoreTrueFalse {
			t.Fatalf("%q: %+v, %v", reply, score, err)
		}
		return score.True(), score.Rationale
	}
	recall.all = len(h.refused)
	for _, reply := range h.refused {
		if is, _ := seen(reply); is {
			recall.of++
		} else {
			wrong = append(wrong, "not seen: "+reply)
		}
	}
	precision = share{recall.of, recall.of}
	for _, reply := range h.answered {
		if is, why := seen(reply); is {
			precision.all++
			wrong = append(wrong, "no refusal: "+reply+"\n\t\t"+why)
		}
	}
	return precision, recall, wrong
}

func TestEachOfferedLanguageIsKnownWellEnough(t *testing.T) {
	const enough, least = 0.9, 100
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "refusal.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range tongues {
		for _, which := range []string{written, sealed} {
			h := labelled(t, l.code, which)
			if len(h.refused) < least || len(h.answered) < least {
				t.Errorf("%s, %s: %d refusals and %d near misses, want %d of each", l.name, which, len(h.refused), len(h.answered), least)
			}
			precision, recall, wrong := measured(t, h)
			if precision.value() < enough || recall.value() < enough {
				t.Errorf("%s, %s: precision %s, recall %s: a language is offered from %.1f on", l.name, which, precision, recall, enough)
			}
			if which == written { // single replies of the sealed half stay unread
				t.Logf("%s: %d of the written half are taken for the other kind\n\t%s", l.name, len(wrong), strings.Join(wrong, "\n\t"))
			}
			row := fmt.Sprintf("| %s | `%s` | %s | %d | %d | %s | %s |", l.name, l.code, which, len(h.refused), len(h.answered), precision, recall)
			if !strings.Contains(string(page), row+"\n") {
				t.Errorf("docs/refusal.md has not the row\n%s", row)
			}
		}
	}
}

// A reply of one half tells nothing about the other if it is in both.
func TestTheHalvesShareNoReply(t *testing.T) {
	fold := comparing.Form{Case: true, Marks: true}
	for _, l := range tongues {
		known := map[string]string{}
		for _, which := range []string{written, sealed} {
			h := labelled(t, l.code, which)
			for _, reply := range append(h.refused, h.answered...) {
				folded := fold.Fold(reply)
				if where, ok := known[folded]; ok {
					t.Errorf("%s: %q is in the %s and in the %s half", l.name, reply, where, which)
				}
				known[folded] = which
			}
		}
	}
}
