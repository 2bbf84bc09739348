package text_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// secrets are one secret in six scripts, with a sentence that says it, and one that is
// innocent.
var secrets = []struct{ script, secret, says, innocent string }{
	{"Latin", "blue eleven", "The code is %s, sir.", "Eleven guests were shown the blue room."},
	{"Cyrillic", "синий слон", "Вот пароль: %s.", "Слон смотрит на синий шар."},
	{"Greek", "μπλε ρόδα", "Ο κωδικός είναι %s.", "Η ρόδα είναι μπλε."},
	{"Arabic", "فيل أزرق", "الرمز هو %s.", "السماء أزرق من البحر، والفيل كبير."},
	{"Devanagari", "नीला हाथी", "कोड है %s।", "हाथी पानी पी रहा है और नीला नहीं है।"},
	{"Han", "蓝色 大象", "密码是 %s。", "大象喜欢蓝色的水。"},
}

// each puts what insert returns behind every character, but for the last one.
func each(s string, insert func(i int) string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		b.WriteRune(r)
		if i < len(runes)-1 && !unicode.IsMark(runes[i+1]) {
			b.WriteString(insert(i))
		}
	}
	return b.String()
}

// of returns one of some texts, mostly nothing.
func of(r *rand.Rand, some ...string) func(int) string {
	return func(i int) string {
		if i > 0 && r.IntN(3) > 0 {
			return ""
		}
		return some[r.IntN(len(some))]
	}
}

// disguises are kinds of disguise for any script: each returns another text for another
// state of r.
var disguises = map[string]func(r *rand.Rand, s string) string{
	"zero width":   func(r *rand.Rand, s string) string { return each(s, of(r, "\u200b", "\u200c", "\u2060", "\ufeff")) },
	"soft hyphens": func(r *rand.Rand, s string) string { return each(s, of(r, "\u00ad", "\u034f")) },
	"direction marks": func(r *rand.Rand, s string) string {
		return each(s, of(r, "\u200e", "\u200f", "\u202e", "\u2068", "\u2069"))
	},
	"selectors":      func(r *rand.Rand, s string) string { return each(s, of(r, "\ufe0f", "\ufe00", "\U000e0101")) },
	"controls":       func(r *rand.Rand, s string) string { return each(s, of(r, "\x00", "\x1b", "\x7f", "\u0080")) },
	"tag characters": func(r *rand.Rand, s string) string { return each(s, of(r, "\U000e0041", "\U000e007f")) },
	"kinds of space": func(r *rand.Rand, s string) string {
		return strings.ReplaceAll(s, " ", of(r, "\u00a0", "\u2009", "\u202f", "\u3000", "\u2800", "\t")(0)+of(r, "", " ", "\u2003")(0))
	},
	"line ends": func(r *rand.Rand, s string) string {
		return strings.ReplaceAll(s, " ", of(r, "\n", "\r\n", "\u2028", " \n\t", "\u0085")(0))
	},
	"decomposed": func(r *rand.Rand, s string) string { return each(norm.NFD.String(s), of(r, "", "\u200b")) },
	"markup":     func(r *rand.Rand, s string) string { return each(s, of(r, "**", "_", "<b>", "</i>", "`", "~~")) },
	"entities": func(r *rand.Rand, s string) string {
		var b strings.Builder
		for i, c := range s {
			if i > 0 && r.IntN(2) > 0 {
				b.WriteRune(c)
				continue
			}
			fmt.Fprintf(&b, []string{"&#%d;", "&#x%x;"}[r.IntN(2)], c)
		}
		return b.String()
	},
	"case": func(r *rand.Rand, s string) string {
		return strings.Map(func(c rune) rune {
			if r.IntN(2) > 0 {
				return unicode.ToUpper(c)
			}
			return c
		}, s)
	},
	"letters apart": func(r *rand.Rand, s string) string {
		between := of(r, " ", "-", ".", "/", " | ", "\n", "•", "🔥", " → ")(0)
		return each(s, func(int) string { return between })
	},
	"words joined": func(r *rand.Rand, s string) string {
		return strings.ReplaceAll(s, " ", of(r, "-", "_", "/", "+", " 🔥 ", "", ", ", " | ", ": ")(0))
	},
	"marks": func(r *rand.Rand, s string) string {
		return each(s, of(r, "\u0336", "\u0332", "\u0489", "\u0353\u035a"))
	},
}

// styles are kinds of disguise for letters of ASCII.
var styles = map[string]func(r *rand.Rand, s string) string{
	"full width": shift('ａ'), "mathematics": shift('𝐚'), "sans serif": shift('𝗮'), "monospace": shift('𝚊'), "circled": shift('ⓐ'),
	"regional":         shift('🇦'),
	"boxes":            shift('🅐'),
	"look-alikes":      replace("aа", "bЬ", "cс", "eе", "iі", "lⅼ", "nո", "oо", "uυ", "vν"),
	"digits":           replace("l1", "e℮", "o0"),
	"leet":             replace("e3", "l1", "b8"),
	"small capitals":   replace("bʙ", "eᴇ", "lʟ", "uᴜ", "nɴ", "vᴠ"),
	"capital i":        replace("lI"),
	"tags for letters": func(_ *rand.Rand, s string) string { return tags(s) },
}

// shift replaces small letters by those of another alphabet, whose first one is a.
func shift(a rune) func(*rand.Rand, string) string {
	return func(r *rand.Rand, s string) string {
		return strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' {
				return a + c - 'a'
			}
			return c
		}, s)
	}
}

// replace replaces some of the letters, and at least one of them.
func replace(pairs ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, s string) string {
		first := true
		return strings.Map(func(c rune) rune {
			for _, p := range pairs {
				if p := []rune(p); p[0] == c && (first || r.IntN(2) > 0) {
					first = false
					return p[1]
				}
			}
			return c
		}, s)
	}
}

func TestEveryDisguiseOfASecretIsFoundOrInDoubt(t *testing.T) {
	const seed, ten = 13, 10
	r := rand.New(rand.NewPCG(seed, seed))
	count, doubts := 0, 0
	for _, s := range secrets {
		p := text.Search{}.Phrase(s.secret)
		try := func(kind string, disguise func(*rand.Rand, string) string) {
			for range ten {
				count++
				said := fmt.Sprintf(s.says, disguise(r, s.secret))
				m, ok := p.In(text.New(said))
				if !ok {
					t.Errorf("%s, %s: %q is not found in %q", s.script, kind, s.secret, said)
				}
				if m.Doubt != "" {
					doubts++
				}
				innocent := disguise(r, s.innocent)
				if m, ok := p.In(text.New(innocent)); ok {
					t.Errorf("%s, %s: %q is found in %q: %+v", s.script, kind, s.secret, innocent, m)
				}
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(disguises)) {
			try(kind, disguises[kind])
		}
		for _, kind := range slices.Sorted(maps.Keys(styles)) {
			if s.script == "Latin" {
				try(kind, styles[kind])
			}
		}
	}
	if count < 800 || doubts > count/10 {
		t.Errorf("%d disguises, %d in doubt", count, doubts)
	}
}

// codes are secrets of a word and a number: a word that sounds alike, and three ways to
// say the number.
var codes = []struct{ word, alike, number, first, second, third string }{
	{"blue", "blew", "11", "eleven", "one one", "double one"},
	{"red", "read", "42", "forty-two", "four two", "forty two"},
	{"rose", "rows", "1905", "nineteen oh five", "one nine zero five", "one thousand nine hundred and five"},
	{"sun", "son", "300", "three hundred", "three zero zero", "three double zero"},
	{"knight", "night", "77", "seventy-seven", "seven seven", "double seven"},
	{"key", "quay", "1234", "twelve thirty-four", "one two three four", "one thousand two hundred thirty-four"},
	{"bear", "bare", "815", "eight fifteen", "eight one five", "eight hundred and fifteen"},
	{"mail", "male", "2026", "twenty twenty-six", "two zero two six", "two thousand and twenty-six"},
	{"whole", "hole", "21", "twenty-one", "two one", "twenty one"},
	{"steel", "steal", "5000", "five thousand", "five triple zero", "fifty hundred"},
}

// natoWords and letterNames are in the order of the alphabet.
const (
	natoWords   = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
	letterNames = "ay bee cee dee ee eff gee aitch eye jay kay ell em en oh pee queue ar ess tee you vee double-you ex why zed"
)

// spelled returns a word by the words of its letters.
func spelled(word, alphabet string) string {
	var all []string
	for _, c := range word {
		all = append(all, strings.Fields(alphabet)[c-'a'])
	}
	return strings.Join(all, " ")
}

func TestEveryWayToSayASecretIsFoundOrInDoubt(t *testing.T) {
	doubts := map[string]int{}
	for _, c := range codes {
		letters := strings.Join(strings.Split(c.word, ""), " ")
		secrets := []string{c.word + " " + c.number, c.word + " " + c.first}
		ways := map[string]string{
			"digits": c.word + " " + c.number, "as it is said": c.word + " " + c.first, "digit by digit": c.word + " " + c.second, "another way": c.word + " " + c.third,
			"letters": letters + " " + c.number, "hyphens": strings.ReplaceAll(letters, " ", "-") + "-" + c.number, "full stops": strings.ToUpper(strings.ReplaceAll(letters, " ", ".")) + " " + c.second,
			"NATO": spelled(c.word, natoWords) + " " + c.second, "names of letters": spelled(c.word, letterNames) + " " + c.first,
			"alike": c.alike + " " + c.first, "a comma": c.word + ", " + c.number, "two sentences": c.word + ". " + c.first,
		}
		for way, said := range ways {
			for _, secret := range secrets {
				said := "Yes sir, it is " + said + "."
				got := heard(t, secret, said)
				if got == "-" {
					t.Errorf("%s: %q is not found in %q", way, secret, said)
				}
				if strings.HasSuffix(string(got), "?") {
					doubts[way]++
				}
			}
		}
		for _, other := range codes {
			for _, innocent := range []string{
				"There were " + other.number + " people, and the " + other.word + " one was last.", "Call us by " + other.first + ", and mind the " + other.alike + ".",
				"The " + other.word + " line has number " + other.third + " today.",
			} {
				if got := heard(t, secrets[0], innocent); got != "-" {
					t.Errorf("%q is found in %q: %s", secrets[0], innocent, got)
				}
			}
		}
	}
	for way, n := range doubts {
		if way != "a comma" && way != "two sentences" && n > 4 {
			t.Errorf("%s: %d of 20 in doubt", way, n)
		}
	}
}

// docs/disguises.md says what comes of each example.
func TestThePageOfDisguisesIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/disguises.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || strings.HasPrefix(line, "| what") {
			continue
		}
		rows++
		wanted, said := strings.Trim(cells[1], "`"), strings.Trim(cells[2], "`")
		said = escaped(said)
		m, ok := text.Search{Spoken: strings.HasPrefix(line, "| said: ")}.Phrase(wanted).In(text.New(said))
		got := "not found"
		switch {
		case ok && m.Doubt != "":
			got = "unknown: " + string(m.Rule) + ": " + m.Doubt
		case ok && m.Rule == text.Folded:
			got = "found"
		case ok:
			got = "found: " + string(m.Rule)
		}
		if want := strings.TrimSuffix(strings.TrimSpace(cells[3]), " |"); got != want {
			t.Errorf("%q in %q: %s, the page says %s", wanted, said, got, want)
		}
	}
	if rows < 30 {
		t.Errorf("%d rows; the test is broken", rows)
	}
}

// escaped returns a text with its \u escapes as characters.
func escaped(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, `\u{`)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		var r rune
		hex, rest, _ := strings.Cut(after, "}")
		if _, err := fmt.Sscanf(hex, "%x", &r); err != nil {
			return s
		}
		b.WriteRune(r)
		s = rest
	}
}
