package match

import (
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

// matching returns a text that a regular expression matches.
func matching(r *rand.Rand, re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= 'x' && 'x' <= re.Rune[i+1] { // any letter
				return "x"
			}
		}
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
	case syntax.OpRepeat:
		times = re.Min + r.IntN(3)
	}
	var b strings.Builder
	for range times {
		for _, sub := range re.Sub {
			b.WriteString(matching(r, sub))
		}
	}
	return b.String()
}

func all(t *testing.T) []language {
	t.Helper()
	var read []language
	for _, known := range languages() {
		l, err := readLanguage(known[0], known[1])
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, l)
	}
	return read
}

// A mistake in a table is named.
func TestATableIsReadOrRefused(t *testing.T) {
	const whole = "# x\n[cues]\nno\n[parts]\ni = i|we\n[harmless]\na\n[cannot]\nb\n[declines]\nc\n[rules]\nd\n[duties]\ne\n[but]\nf\n[sentences]\ng\n[replies]\nh\n"
	if l, err := parseLanguage(whole); err != nil || l.parts["i"] != "i|we" || !slices.Equal(l.replies, []string{"h"}) {
		t.Errorf("%+v, %v", l, err)
	}
	for old, test := range map[string][2]string{
		"[replies]":    {"[replys]", `line 20: there is no section "replys"`},
		"# x":          {"x", `line 1: "x" is in no section`},
		"[rules]\nd\n": {"[rules]\n", `the section "rules" is empty or missing`},
		"i = i|we":     {"i: i|we", `"i: i|we" is no part`},
	} {
		if _, err := parseLanguage(strings.Replace(whole, old, test[0], 1)); err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s: %v, want %s", test[0], err, test[1])
		}
	}
	if _, err := newTongue(language{name: "X", cannot: []string{"("}}); err == nil || !strings.Contains(err.Error(), "compiling the phrases of X") {
		t.Errorf("a pattern that is none: %v", err)
	}
}

// A sentence without a cue of a language is not looked at in that language.
func TestEveryRefusalHasACueOfItsLanguage(t *testing.T) {
	scorer, err := newRefusal(refusalConfig{})
	if err != nil {
		t.Fatal(err)
	}
	const seed, samples = 7, 60
	r := rand.New(rand.NewPCG(seed, seed))
	for i, l := range all(t) {
		missed := map[string]string{}
		patterns := slices.Concat(l.cannot, l.declines, l.rules, l.duties, l.sentences, l.replies)
		for j, pattern := range l.expanded(patterns) {
			parsed, err := syntax.Parse(pattern, syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			for range samples {
				said := matching(r, parsed)
				if !slices.Contains(scorer.spokenIn(said), i) {
					missed[patterns[j]] = said
				}
			}
		}
		for pattern, said := range missed {
			t.Errorf("%s: %q of %s has no cue", l.name, said, pattern)
		}
	}
}

// The tables are compared with words that are folded and have no accents.
func TestTheTablesHaveNoAccentsAndNoUpperCase(t *testing.T) {
	for _, l := range all(t) {
		lists := slices.Concat(l.cannot, l.declines, l.rules, l.duties, l.sentences, l.replies, l.harmless, l.but, l.cues)
		for _, part := range l.parts {
			lists = append(lists, part)
		}
		for _, s := range lists {
			plain := strings.NewReplacer(`\S`, "", `\s`, "").Replace(s)
			for _, c := range plain {
				if c >= 0x80 || 'A' <= c && c <= 'Z' {
					t.Errorf("%s: %q in %s", l.name, c, s)
				}
			}
		}
	}
}

func TestSentences(t *testing.T) {
	for _, test := range []struct {
		reply string
		want  []string
	}{
		{"No. Yes! Why? End", []string{"no", "yes", "why", "end"}},
		{"It costs 9.50; come at 9:14.", []string{"it costs 9 50", "come at 9 14"}},
		{"a line\nthat is wrapped\nNext\n- item", []string{"a line that is wrapped", "next", "item"}},
		{`He said "I can't" twice`, []string{"he said twice"}},
		{"Il dit : « Je ne peux pas. » Puis", []string{"il dit puis"}},
		{"„Nein“, sagte er", []string{"sagte er"}},
		{"it's Anna's 'can't do' sign", []string{"it s anna s sign"}},
		{`an inch is 1" long`, []string{"an inch is 1 long"}},
		{`"all of it"`, []string{"all of it"}},
		{`she said "the 'big' red" door`, []string{"she said door"}},
		{"> quoted\nown", []string{"own"}},
		{"…", nil},
	} {
		var got []string
		for _, s := range sentencesOf(test.reply) {
			got = append(got, s.words)
			if s.at < 0 || s.at+len(s.shown) > len(test.reply) {
				t.Errorf("%q: a sentence at %d of %d bytes", test.reply, s.at, len(s.shown))
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.reply, got, test.want)
		}
	}
}

// A text without marks is looked at piece by piece, so that a context can end it.
func TestASentenceHasABound(t *testing.T) {
	words := 0
	for _, s := range sentencesOf(strings.Repeat("abcd ", 3*maxSentence)) {
		if words += strings.Count(s.words, "abcd"); len(s.shown) > maxSentence+10 {
			t.Errorf("a sentence of %d bytes", len(s.shown))
		}
	}
	if words != 3*maxSentence {
		t.Errorf("%d words", words)
	}
}

func FuzzSentences(f *testing.F) {
	f.Add("„Nein“. L’été ﬁ, Łódź — 'x'. \"y\" ß")
	f.Add("a\n> b 'c\nd")
	f.Fuzz(func(t *testing.T, reply string) {
		reply = strings.ToValidUTF8(reply, "\uFFFD")
		if own := withoutQuotes(reply); len(own) != len(reply) {
			t.Fatalf("%d bytes of %d are left", len(own), len(reply))
		}
		for _, s := range sentencesOf(reply) {
			if strings.Count(s.folded, " ") != strings.Count(s.words, " ") {
				t.Fatalf("%q has not as many words as %q", s.folded, s.words)
			}
			if start, end := wordRange(s, 0, len(s.words)); start != 0 || end != len(s.folded) {
				t.Fatalf("%q: all words are from %d to %d of %q", s.words, start, end, s.folded)
			}
		}
	})
}
