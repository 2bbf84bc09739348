package text

import (
	"strings"
	"unicode"
)

// Leet says that digits and symbols stand for letters that they look a little like:
// "b1u3" for "blue".
const Leet Rule = "digits for letters"

// leet returns the letter for which c stands; c itself where it stands for none.
func leet(c rune) rune {
	switch c {
	case '0':
		return 'o'
	case '1', '!', '|', 'l':
		return 'i'
	case '2':
		return 'z'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '6', '9':
		return 'g'
	case '7', '+':
		return 't'
	case '8':
		return 'b'
	}
	return c
}

// minLeet is the length, in bytes, from which a phrase is looked for by digits that
// stand for letters.
const minLeet = 3

// byLeet looks for the phrase by digits and symbols that stand for its letters.
func (p Phrase) byLeet(t *Text) (Match, bool) {
	form := Form{Case: !p.search.CaseSensitive, Spaces: true}
	wanted := form.Fold(p.Given)
	if len(wanted) < minLeet {
		return Match{}, false
	}
	folded := t.in(form)
	text := strings.Map(leet, folded) // bytes stay where they are
	pattern := strings.Map(leet, wanted)
	where := newLocator(form, t.given)
	for at := 0; ; at++ {
		next := strings.Index(text[at:], pattern)
		if next < 0 {
			return Match{}, false
		}
		at += next
		if !isLeet(folded[at:at+len(wanted)], wanted) {
			continue
		}
		if from, to := where.span(at, at+len(wanted)); isWhole(t.given, from, to) {
			return Match{Start: from, End: to, Rule: Leet}, true
		}
	}
}

// isLeet reports whether shown has digits or symbols for letters of wanted, which is as
// long, and is the same otherwise.
func isLeet(shown, wanted string) bool {
	for i := range len(shown) {
		c, w := shown[i], wanted[i]
		if c != w && (unicode.IsLetter(rune(c)) || isDigit(w)) {
			return false
		}
	}
	for word := range strings.FieldsSeq(shown) {
		if isNumeric(word) && !strings.Contains(wanted, word) {
			return false
		}
	}
	return true
}

// isNumeric reports whether a word is a number, such as 1,000, 50s and 1st.
func isNumeric(word string) bool {
	for _, end := range []string{"s", "st", "nd", "rd", "th"} {
		word = strings.TrimSuffix(word, end)
	}
	return strings.ContainsAny(word, "0123456789") && strings.Trim(word, "0123456789.,+$!@|") == ""
}
