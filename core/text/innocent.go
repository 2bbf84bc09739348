package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mayDiffer is the doubt about what is innocent.
const mayDiffer = "it looks like it, and may be something else"

// minDoubtful is the length, in bytes, of what is in doubt where it looks alike: every
// text has a word that looks like 1 or 11.
const minDoubtful = 3

// isInnocent reports whether something that looks like a text that is wanted could be
// written by somebody who means something else: whether each of its words has letters
// of one script, as they are commonly written, or digits.
func isInnocent(shown, given string) bool {
	wanted := Form{Case: true}.Fold(given)
	mixes := mixesDigits(wanted)
	for _, word := range strings.FieldsFunc(Form{}.Fold(shown), isSpace) {
		if hasOddCapital(word) && !hasOddCapital(given) || mixesDigits(word) && !mixes {
			return false // b1ue, bIue
		}
		script := ""
		for _, r := range word {
			switch s := scriptOf(r); {
			case r < utf8.RuneSelf && isWordRune(r) && s == "":
			case s == "" && strings.ContainsRune(wanted, r):
			case s == "" || script != "" && s != script:
				return false
			default:
				script = s
			}
		}
	}
	return true
}

// hasOddCapital reports whether a capital letter comes after a small one.
func hasOddCapital(word string) bool {
	small := false
	for _, r := range word {
		if small && unicode.IsUpper(r) {
			return true
		}
		small = unicode.IsLower(r)
	}
	return false
}

// mixesDigits reports whether a text has letters and digits side by side.
func mixesDigits(s string) bool {
	var before rune
	for _, r := range s {
		if unicode.IsDigit(r) && unicode.IsLetter(before) || unicode.IsLetter(r) && unicode.IsDigit(before) {
			return true
		}
		before = r
	}
	return false
}

// scriptOf returns the script in which a letter is commonly written; "" for what is no
// letter, and for the letters of phonetics and mathematics.
func scriptOf(r rune) string {
	switch {
	case !unicode.IsLetter(r), isPhonetic(r):
		return ""
	case unicode.Is(unicode.Latin, r):
		return "Latin"
	case unicode.Is(unicode.Greek, r):
		return "Greek"
	case unicode.Is(unicode.Cyrillic, r):
		return "Cyrillic"
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
		return "East Asian"
	case unicode.In(r, unicode.Arabic, unicode.Hebrew):
		return "Semitic"
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	return "other"
}

// isPhonetic reports whether r is in a block of letters of phonetics, or of others that
// no language commonly writes.
func isPhonetic(r rune) bool {
	return r >= 0x250 && r <= 0x2AF || r >= 0x1D00 && r <= 0x1DBF || r >= 0xA720 && r <= 0xA7FF || r >= 0xAB30 && r <= 0xAB6F || r >= 0x1DF00 && r <= 0x1DFFF
}

// isWhole reports whether a range of a text does not begin or end within a word. An
// apostrophe is a part of one.
func isWhole(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	within := func(r rune) bool { return isWordRune(r) || same(r) == '\'' }
	return (from == 0 || !within(before)) && (to == len(s) || !within(after))
}
