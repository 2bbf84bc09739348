package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word of a folded text, a run of digits, or a decimal point.
type word struct {
	text string
	// start and end are its range in the folded text.
	start, end int
	// stop is whether more than spaces, hyphens and quotation marks stand before it: a
	// comma, the end of a sentence or of a paragraph.
	stop bool
}

// isNumber reports whether the word is a run of digits.
func (w word) isNumber() bool { return w.text[0] >= '0' && w.text[0] <= '9' }

// wordsOf divides a folded text into words. Letters and digits side by side are two
// words; digits that are grouped by commas are one.
func wordsOf(s string) []word {
	var all []word
	stop := false
	for at := 0; at < len(s); {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !isWordRune(r) {
			switch {
			case r == '.' && isBetweenDigits(s, at):
				all = append(all, word{".", at, at + 1, false})
				stop = false
			case r == ',' && len(all) > 0 && all[len(all)-1].end == at && scaleOf(all[len(all)-1].text) >= 1000: // one thousand, two hundred
			case isStop(r) || r == '\n' && strings.HasPrefix(s[at+1:], "\n"):
				stop = true
			}
			at += size
			continue
		}
		end := wordEnd(s, at)
		all = append(all, word{strings.ReplaceAll(s[at:end], ",", ""), at, end, stop})
		at, stop = end, false
	}
	return all
}

// wordEnd returns the end of a word or number.
func wordEnd(s string, at int) int {
	if isDigit(s[at]) {
		return numberEnd(s, at)
	}
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		if !isWordRune(r) || isDigit(s[at]) {
			break
		}
		at += size
	}
	return at
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isBetweenDigits(s string, at int) bool {
	return at > 0 && at+1 < len(s) && isDigit(s[at-1]) && isDigit(s[at+1])
}

// numberEnd returns the end of a number that begins at a digit. A comma before three
// digits is a part of it.
func numberEnd(s string, at int) int {
	for at < len(s) && isDigit(s[at]) {
		at++
	}
	for at+3 < len(s) && s[at] == ',' && isDigit(s[at+1]) && isDigit(s[at+2]) && isDigit(s[at+3]) && (at+4 == len(s) || !isDigit(s[at+4])) {
		at += 4
	}
	return at
}

// isStop reports whether r stands between sentences, or parts of them. Pictures do not.
func isStop(r rune) bool {
	switch r {
	case '-', '\'', '"', '_', '/', '*', '`', '~', '#', '%', '&', '+', '=', '@', '\\', '^':
		return false
	}
	return unicode.IsPunct(r) || unicode.IsSymbol(r) && !unicode.Is(unicode.So, r)
}
