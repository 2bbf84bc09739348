package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible reports whether a text shows anything: whether it has a character that is
// neither white space nor [Ignorable]. Bytes that are no UTF-8 show something.
func Visible(s string) bool {
	for _, r := range s {
		if !isSpace(r) && !Ignorable(r) {
			return true
		}
	}
	return false
}

// Trim returns a text without the white space, and what shows nothing, at its ends.
func Trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return isSpace(r) || Ignorable(r) })
}

// Ignorable reports whether a character shows nothing and takes no room: those with the
// Unicode property Default_Ignorable_Code_Point, control characters that are no white
// space, and a few that only say how others are to be read.
func Ignorable(r rune) bool {
	switch {
	case r < ' ':
		return r < '\t' || r > '\r'
	case r < 0x7F:
		return false
	case r <= 0x9F:
		return r != '\u0085' // next line
	case r < 0x34F:
		return r == '\u00AD'
	case r >= 0x3165 && r < 0xFE00:
		return false
	case r == '\u2800': // a space
		return false
	case r >= 0xFFF9 && r <= 0xFFFB, // marks of annotations
		r >= 0x13430 && r <= 0x1343F, // controls of hieroglyphs
		r == 0x16FE4,                 // a filler
		r == 0x1D159:                 // the head of a note that has none
		return true
	}
	low, high := 0, len(ignorable)
	for low < high {
		if mid := (low + high) / 2; r > ignorable[mid][1] {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low < len(ignorable) && r >= ignorable[low][0]
}

// isSpace reports whether r is white space, or shows as it.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u2800' }

// isLineEnd reports whether r ends a line.
func isLineEnd(r rune) bool {
	return r >= '\n' && r <= '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// isWordRune reports whether r is part of a word.
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
