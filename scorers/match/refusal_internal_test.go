package match

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
)

// matching returns a text that a regular expression matches.
func matching(r *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(re.Rune[2*r.IntN(len(re.Rune)/2)])
	case syntax.OpAlternate:
		return matching(r, re.Sub[r.IntN(len(re.Sub))])
	}
	times := 1 // of a group, or of what is put together
	switch re.Op {
	case syntax.OpQuest:
		times = r.IntN(2)
	case syntax.OpStar:
		times = r.IntN(3)
	}
	var b strings.Builder
	for range times {
		for _, sub := range re.Sub {
			b.WriteString(matching(r, sub))
		}
	}
	return b.String()
}

// A phrase is looked for only where a word stands that one can begin with.
func TestEveryPhraseIsFoundWhereItIsInAText(t *testing.T) {
	scorer, err := newRefusal(refusalConfig{Also: []string{"Not on this line!", "nein"}})
	if err != nil {
		t.Fatal(err)
	}
	phrases := append(refusals(), phrase{pattern: "not on this line"}, phrase{pattern: "nein"})
	var patterns []string
	for _, p := range phrases {
		patterns = append(patterns, p.pattern)
	}
	anywhere := regexp.MustCompile(`(?:^| )(?:` + strings.Join(patterns, "|") + `)(?:$| )`)
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	words := strings.Fields("i we not the a is can t it notnein access")
	few := func() string {
		var b strings.Builder
		for range r.IntN(4) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		return b.String()
	}
	for _, p := range phrases {
		parsed, err := syntax.Parse(p.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		for range 25 {
			said := matching(r, parsed)
			for _, text := range []string{said, strings.TrimSpace(few() + said + " " + few()), strings.TrimSpace(few() + "x" + said + " " + few())} {
				want := anywhere.FindStringIndex(text)
				if want == nil {
					want = []int{0, 0}
				}
				if start, end := scorer.find(text); start != want[0] || end != want[1] {
					t.Fatalf("%q of %s: a phrase from %d to %d, want %v", text, p.pattern, start, end, want)
				}
			}
		}
	}
}
