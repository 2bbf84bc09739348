package text_test

import (
	"os"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// heard looks for a phrase in what was said, and returns the rule, with a "?" where it
// is in doubt; "-" where it is not found.
func heard(t *testing.T, wanted, said string) text.Rule {
	t.Helper()
	m, ok := text.Search{Spoken: true}.Phrase(wanted).In(text.New(said))
	switch {
	case !ok:
		return "-"
	case m.Doubt != "":
		return m.Rule + "?"
	}
	checkBorders(t, said, m)
	return m.Rule
}

func TestASecretIsHeardHoweverItIsSaid(t *testing.T) {
	for _, test := range []struct {
		wanted, said string
		want         text.Rule
	}{
		{"blue eleven", "The code is blue 11.", text.Numbers},
		{"blue 11", "The code is blue eleven.", text.Numbers},
		{"blue eleven", "The code is blew eleven.", text.Homophones},
		{"blue eleven", "b l u e eleven", text.Spelling},
		{"blue eleven", "B-L-U-E, 11", "numbers, spelling?"},
		{"1234", "one hundred and twenty three, four", text.Numbers + "?"},
		{"1234", "12, 34", text.Numbers + "?"},
		{"blue eleven", "B.L.U.E. e-l-e-v-e-n", text.Spacing},
		{"blue 11", "B as in boy, L as in Larry, U as in umbrella, E as in Edward 11", text.Spelling},
		{"blue 11", "bee for bravo L for lima u for uniform E is for echo 11", text.Spelling},
		{"blue 11", "b like boy l like love u like us e like egg 11", text.Spelling},
		{"blue eleven", "blue, um, eleven", text.Words + "?"},
		{"blue eleven", "blue uh eleven", text.Words},
		{"blue 11", "blue number eleven", text.Numbers},
		{"blue eleven", "capital B lowercase l u e dash eleven", text.Spelling},
		{"blue eleven", "the letter b the letter l the letter u the letter e eleven", text.Spelling},
		{"blue eleven", "bee ell you ee eleven", text.Spelling},
		{"blue eleven", "Bravo Lima Uniform Echo one one", "numbers, spelling"},
		{"blue eleven", "blue one one", text.Numbers},
		{"blue eleven", "blue double one", text.Numbers},
		{"blue eleven", "the blue-eleven line", text.Words},
		{"blue eleven", "It is blue, eleven people know.", text.Words + "?"},
		{"blue eleven", "Blue. Eleven.", text.Words + "?"},
		{"blue eleven", "The sky is blue. Eleven people saw it.", text.Words + "?"},
		{"1234", "one two three four", text.Numbers},
		{"1234", "twelve thirty-four", text.Numbers},
		{"1234", "one thousand two hundred thirty-four", text.Numbers},
		{"1234", "one thousand two hundred and thirty four", text.Numbers},
		{"1234", "twelve hundred and thirty four", text.Numbers},
		{"1234", "1,234", text.Words},
		{"1,234", "1234", text.Words},
		{"blue and 1,234", "blue and 1,234", text.Folded},
		{"one two three four", "1234", text.Numbers},
		{"twelve thirty-four", "one two three four", text.Numbers},
		{"1905", "nineteen oh five", text.Numbers},
		{"1905", "nineteen oh-five", text.Numbers},
		{"0815", "oh eight one five", text.Numbers},
		{"0815", "zero eight fifteen", text.Numbers},
		{"2005", "two thousand and five", text.Numbers},
		{"2026", "twenty twenty-six", text.Numbers},
		{"55512", "triple five one two", text.Numbers},
		{"5551212", "five five five, one two one two", text.Numbers},
		{"555-1212", "555 1212", text.Words},
		{"3.5", "three point five", text.Numbers},
		{"11th", "eleventh", text.Numbers},
		{"twenty-first", "the 21st", text.Numbers},
		{"21", "twenty first", text.Numbers + "?"},
		{"red four", "read for", text.Homophones + "?"},
		{"red four", "red for", text.Homophones + "?"},
		{"blue", "the wind blew", text.Homophones + "?"},
		{"4", "for you", text.Homophones + "?"},
		{"a1b2", "alpha one bravo two", "numbers, spelling"},
		{"wolf", "double u o l f", text.Spelling},
		{"пароль", "п а р о л ь", text.Spelling},
		{"blue 11", "blue one one two", text.Numbers + "?"},
		{"911", "nine one one", text.Numbers},
		{"300000", "three hundred thousand", text.Numbers},
		{"a million", "1000000", text.Numbers},
	} {
		if got := heard(t, test.wanted, test.said); got != test.want {
			t.Errorf("%q in %q: %q, want %q", test.wanted, test.said, got, test.want)
		}
	}
}

func TestWhatIsInnocentIsNotHeard(t *testing.T) {
	for _, test := range [][2]string{
		{"blue eleven", "I ordered eleven blue chairs."},
		{"blue eleven", "The blue one is number eleven."},
		{"blue eleven", "The blue one, uh, is eleven."},
		{"bat", "b as in apple a t"},
		{"13", "1 for 10 3"},
		{"1234", "one two three"},
		{"1234", "twelve thirty"},
		{"201", "twenty one"},
		{"30", "three"},
		{"red", "bread"},
		{"12", "1,200"},
		{"35", "3.5"},
		{"nowhere", "now here"},
		{"wolf", "a wool"},
	} {
		if got := heard(t, test[0], test[1]); got != "-" {
			t.Errorf("%q is heard in %q: %q", test[0], test[1], got)
		}
	}
}

func FuzzAPhraseIsHeardWhereverItIsPlanted(f *testing.F) {
	for _, s := range []string{"blue eleven", "1,234", "twelve thirty-four", "11th", "b l u e", "3.5", "a1b2", "double u", "hundred and", "and a hundred"} {
		f.Add("The code is ", s, " one.")
	}
	f.Fuzz(func(t *testing.T, before, wanted, after string) {
		if len(before)+len(wanted)+len(after) > 500 {
			return
		}
		search := text.Search{Spoken: true}
		p := search.Phrase(wanted)
		in := before + "\n\n" + wanted + "\n\n" + after
		m, ok := p.In(text.New(in))
		if ok == p.Blank() {
			t.Fatalf("%q in %q: %t", wanted, in, ok)
		}
		if ok {
			checkBorders(t, in, m)
		}
		search.Phrase(before).In(text.New(strings.Repeat(after+" ", 20)))
	})
}

// testdata/said_numbers.py wrote the numbers as another implementation says them.
func TestNumbersAreHeardAsAnotherImplementationSaysThem(t *testing.T) {
	table, err := os.ReadFile("testdata/said_numbers.tsv")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(table)) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		number, words := cells[0], cells[2]
		if cells[1] == "ordinal" {
			number = cells[3]
		}
		count++
		for _, pair := range [][2]string{{number, words}, {words, number}} {
			if pair[0] == words && cells[1] == "year" {
				continue // "two thousand and five" is a number, "nineteen oh-five" are two
			}
			if got := heard(t, pair[0], "Tell me: "+pair[1]+"."); got == "-" || strings.HasSuffix(string(got), "?") {
				t.Errorf("%s: %q in %q: %q", cells[1], pair[0], pair[1], got)
			}
		}
		if got := heard(t, "7"+number, "Tell me: "+words+"."); got != "-" {
			t.Errorf("%q in %q: %q", "7"+number, words, got)
		}
	}
	if count < 400 {
		t.Errorf("%d numbers; the table is broken", count)
	}
}
