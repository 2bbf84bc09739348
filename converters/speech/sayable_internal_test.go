package speech

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestWhatFliteIsGivenToSay(t *testing.T) {
	s := newSpeller(saidByFlite)
	for written, want := range map[string]string{
		"Meet me at the café near the résumé office.": "Meet me at the cafe near the resume office.",
		"cafe\u0301 Müller Zürich São Łódź Straße":    "cafe Muller Zurich Sao Lodz Strasse",
		"Søren Þór Æsir œuvre ŋ ǅ Ḁ Ɓ":                "Soren Thor AEsir oeuvre ng Dz A B",
		"Please pay me 5 £ and 100 €.":                "Please pay me 5 pounds and 100 euros .",
		"£5.50, €2 million, ￡7, $5":                   "5.50 pounds , 2 million euros , 7 pounds , 5 dollars",
		"½ hour, 5½, ¾, m², 10³, 10⁻³":                "half hour, 5 and a half , three quarters , m squared , 10 cubed , 10 to the power of minus 3",
		"What is the vаult bаnk cоdе?":                "What is the vault bank code?",
		"the соре here":                               "the cope here",
		"va\u200bult va\u00adult va\u2060ult":         "vault vault vault",
		"ｂｌｕｅ 𝐛𝐥𝐮𝐞 ⓑⓛⓤⓔ ᵇˡᵘᵉ 🇧🇱🇺🇪 🄱🅻🆄🅴": "blue blue blue blue blue Blue",
		"١٢٣ ①② Ⅷ ５️⃣ №5":                          "123 1 2 VIII 5 number 5",
		"wait… stop—now – then-there":              "wait -- stop -- now -- then-there",
		"vault...stop - now\n\nthen":               "vault -- stop -- now -- then",
		"1999–2001, 10‑12":                         "1999 to 2001, 10-12",
		"x<5 & y>=3 a->b a!=b ≠ ≮ ± −5":            "x less than 5 and y greater than or equal to 3 a right arrow b a not equal to b not equal to not less than plus or minus minus 5",
		"R&D, 50% off, #1, me@example.co.uk, a_b":  "R and D, 50 percent off, hash 1, me at example dot co dot uk, a underscore b",
		"1/2 cup, 5 1/2, 3/4, 24/7, 12/05/2020":    "half cup, 5 and a half , three quarters , 24 slash 7, 12 slash 05 slash 2020",
		"3.14, v1.2.3, 192.168.0.1, e.g. U.S. now": "3.14, v1 dot 2 dot 3, 192 dot 168 dot 0 dot 1, e.g. U.S. now",
		"x = -5 + 3 * 2 ~ 1 | 7 ^ 2 \\ $HOME":      "x equals minus 5 plus 3 asterisk 2 tilde 1 bar 7 caret 2 backslash dollar HOME",
		"5°C 20 ℃ 5 µm 3×4÷2":                      "5 degrees C 20 degrees Celsius 5 micro m 3 times 4 divided by 2",
		"α particles, β":                           "alpha particles, beta",
		"“q” ‘s’ don’t ¿qué? «x» „y“":              `"q" 's' don't que? "x" "y"`,
		"5'3\" 5′ 3″":                              `5 3" 5 prime 3 double prime`,
		"ok [[x]] {{y}} `z`":                       "ok [[x]] {{y}} `z`",
		"note¹, see ¹":                             "note to the power of 1 , see 1",
		"":                                         "",
		" \t\n":                                    "",
	} {
		said, lost := s.spell(written)
		if said != want || len(lost) > 0 {
			t.Errorf("%q\nis given as %q, without %q\nwant        %q", written, said, lost, want)
		}
	}
}

func TestWhatFliteCannotSayIsNamed(t *testing.T) {
	s := newSpeller(saidByFlite)
	for written, want := range map[string]struct {
		said string
		lost losses
	}{
		"привет world, мир":     {"world,", losses{"привет", "мир"}},
		"日本語 and 日本語":           {"and", losses{"日本語"}},
		"hi 🙂, ok ☃":            {"hi , ok", losses{"🙂", "☃"}},
		"naïveж":                {"naive", losses{"naïveж"}},
		"شكرا ok שלום":          {"ok", losses{"شكرا", "שלום"}},
		"ok \U000E0062":         {"ok", losses{"text in characters that show nothing"}},
		"x\uFE01\uFE02 y\uFE0F": {"x y", losses{"text in characters that show nothing"}},
		"a\uE000b":              {"a b", losses{"\uE000"}},
		"αβγ":                   {"", losses{"αβγ"}},
		"हिन्दी":                {"", losses{"हिन्दी"}},
	} {
		said, lost := s.spell(written)
		if said != want.said || !slices.Equal(lost, want.lost) {
			t.Errorf("%q is given as %q, without %q; want %q without %q", written, said, lost, want.said, want.lost)
		}
	}
}

// phones returns what flite says for each of some texts, in one call.
func phones(t *testing.T, texts []string) []string {
	t.Helper()
	const between = "zebra"
	file := filepath.Join(t.TempDir(), "texts")
	whole := between + " " + strings.Join(texts, " "+between+" ") + " " + between
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "flite", "-voice", "kal", "-ps", "-f", file, "-o", "none").Output()
	if err != nil {
		t.Fatalf("flite: %v", err)
	}
	said := strings.Join(strings.Fields(strings.ReplaceAll(string(out), "pau", "")), "  ")
	if len(texts) == 0 {
		return nil
	}
	found := strings.Split(" "+said+" ", " z  iy  b  r  ax ")
	if len(found) != len(texts)+2 {
		t.Fatalf("flite says %d texts of %d", len(found)-2, len(texts))
	}
	return found[1 : len(found)-1]
}

// blocks are those whose characters are held to be said, or named.
func blocks() map[string][2]rune {
	return map[string][2]rune{
		"ASCII": {0x21, 0x7E}, "Latin-1": {0xA0, 0xFF}, "Latin Extended-A": {0x100, 0x17F}, "Latin Extended-B": {0x180, 0x24F},
		"Latin Extended Additional": {0x1E00, 0x1E9E}, "General Punctuation": {0x2000, 0x206F}, "Super- and subscripts": {0x2070, 0x209F},
		"Currency": {0x20A0, 0x20C0}, "Letterlike": {0x2100, 0x214F}, "Number Forms": {0x2150, 0x218B}, "Arrows": {0x2190, 0x21FF},
		"Mathematical Operators": {0x2200, 0x22FF}, "Enclosed": {0x2460, 0x24FF}, "Box Drawing": {0x2500, 0x257F}, "Symbols": {0x2600, 0x26FF},
		"Full width": {0xFF01, 0xFF5E}, "Full width signs": {0xFFE0, 0xFFE6}, "Mathematical letters": {0x1D400, 0x1D433}, "Letters in boxes": {0x1F110, 0x1F189},
	}
}

func TestEveryCharacterIsSaidByFliteOrNamed(t *testing.T) {
	s := newSpeller(saidByFlite)
	for name, block := range blocks() {
		t.Run(name, func(t *testing.T) {
			var all []rune
			var given []string
			for r := block[0]; r <= block[1]; r++ {
				said, lost := s.spell(string(r))
				if strings.ContainsFunc(said, func(r rune) bool { return r > unicode.MaxASCII }) {
					t.Errorf("%q (%U) is given as %q", r, r, said)
				}
				if len(lost) == 0 && !isSilent(r) && !unicode.IsSpace(r) && !isQuiet(r) {
					all, given = append(all, r), append(given, said)
				}
			}
			for i, said := range phones(t, given) {
				if strings.TrimSpace(said) == "" {
					t.Errorf("%q (%U) is given as %q, of which flite says nothing, and not named", all[i], all[i], given[i])
				}
			}
		})
	}
}

// isQuiet reports whether nobody says r: a mark, a pause, or what is no character.
func isQuiet(r rune) bool {
	return unicode.In(r, unicode.M, unicode.Cf) || !unicode.IsGraphic(r) || tableOf(signs)[r] == pause || strings.ContainsRune("⎯", r)
}

func TestAccentsMakeNoDifferenceToFlite(t *testing.T) {
	s := newSpeller(saidByFlite)
	written := []string{"café", "façade", "naïve", "Müller", "Zürich", "São"}
	given := make([]string, len(written))
	for i, w := range written {
		given[i], _ = s.spell(w)
	}
	if got, want := phones(t, given), phones(t, []string{"cafe", "facade", "naive", "Muller", "Zurich", "Sao"}); !slices.Equal(got, want) {
		t.Errorf("flite says %q, want %q", got, want)
	}
}

func TestFlitePausesWhereAWriterDoes(t *testing.T) {
	s := newSpeller(saidByFlite)
	for _, written := range []string{
		"wait… stop", "wait…stop", "wait ... stop", "wait...stop", "wait—stop", "wait — stop", "wait – stop", "wait - stop", "wait ― stop", "wait ‒ stop",
		"wait‥ stop", "wait\n\nstop", "wait\r\n \r\nstop", "wait\u2029stop", "wait • stop", "wait、stop", "wait。 stop", "wait， stop",
	} {
		said, _ := s.spell(written)
		file := filepath.Join(t.TempDir(), "text")
		if err := os.WriteFile(file, []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "flite", "-voice", "rms", "-ps", "-f", file, "-o", "none").Output()
		if err != nil || !strings.Contains(string(out), "w ey t pau s t aa p") {
			t.Errorf("%q is given as %q and said as %q (%v): no pause", written, said, out, err)
		}
	}
}

func TestTheTablesHaveEachCharacterOnceAndInASCII(t *testing.T) {
	for name, table := range map[string]string{"signs": signs, "letters": letters, "greek": greek} {
		seen := map[rune]bool{}
		for line := range strings.Lines(strings.TrimSpace(table)) {
			sign, words, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			r, size := utf8.DecodeRuneInString(sign)
			if size != len(sign) || words == "" || !isASCII(words) || seen[r] || norm.NFC.String(sign) != sign {
				t.Errorf("%s: the line %q", name, line)
			}
			seen[r] = true
		}
	}
}

func TestAWarningNamesTheFirstLossesAndCountsTheRest(t *testing.T) {
	many := losses{}
	for i := range 300 {
		many.add(fmt.Sprint(i))
		many.add(fmt.Sprint(i))
	}
	for want, lost := range map[string]losses{
		`flite cannot say "0", "1", "2", "3", "4" and more than 95 more: the sound is without it`: many,
		"": nil,
		`flite cannot say "привет": the sound is without it`:                                     {"привет"},
		`flite cannot say "\ue000", "b", "c", "d", "e" and 2 more: the sound is without it`:      {"\uE000", "b", "c", "d", "e", "f", "g"},
		fmt.Sprintf("flite cannot say %q: the sound is without it", strings.Repeat("ж", 40)+"…"): {strings.Repeat("ж", 41)},
	} {
		if got := lost.warning("flite"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func FuzzSpell(f *testing.F) {
	for _, seed := range []string{"café £5", "a\u0301\uFE0F½ 5½", "[[x]]", "1/2 $5 a@b.com", "≮≠", "\xff", "вход in", "🇧🇱", "x¹²⁻", "₂⅟", "\u0338a", "ﷺ"} {
		f.Add(seed)
	}
	s := newSpeller(saidByFlite)
	f.Fuzz(func(t *testing.T, written string) {
		said, _ := s.spell(strings.ToValidUTF8(written, " "))
		if !isASCII(said) {
			t.Errorf("%q is given to flite as %q", written, said)
		}
		again, lost := s.spell(said)
		if len(lost) > 0 {
			t.Errorf("%q is given as %q, of which %q would be lost", written, said, lost)
		}
		if strings.ContainsAny(again, "<>") {
			t.Errorf("%q is given as %q", written, again)
		}
	})
}
