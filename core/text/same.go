package text

import (
	"unicode"
	"unicode/utf8"
)

// same returns what a character is the same as: the space, dash, quotation mark,
// apostrophe, slash or digit for every character that is one. Others, and all of
// ASCII, are themselves. Line ends stay what they are.
func same(r rune) rune {
	if r < utf8.RuneSelf || isLineEnd(r) {
		return r
	}
	switch r {
	case '\u2800':
		return ' '
	case '\u2044', '\u2215', '\u29F8': // fraction, division, big solidus
		return '/'
	case '\u02D7', '\u2043': // modifier minus, hyphen bullet
		return '-'
	case '\u2018', '\u2019', '\u201A', '\u201B', '\u2039', '\u203A', '\u00B4', '\u2032', '\u2035',
		'\u02B9', '\u02BB', '\u02BC', '\u02BD', '\u02BE', '\u02BF', '\u02C8', '\u02CA', '\u02CB', '\u0374',
		'\u055A', '\u05F3', '\u07F4', '\u07F5', '\u1FBD', '\u1FBF', '\u1FEF', '\u1FFD', '\u1FFE', '\u275B', '\u275C', '\u275F', '\u276E', '\u276F',
		'\uA78B', '\uA78C', '\uFF07', '\uFF40':
		return '\''
	case '\u02BA', '\u02DD', '\u02EE', '\u02F6', '\u05F4', '\u2033', '\u2036', '\u275D', '\u275E', '\u2760', '\u3003',
		'\U0001F676', '\U0001F677', '\U0001F678':
		return '"'
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.Is(unicode.Dash, r):
		return '-'
	case r >= '\u2776' && r <= '\u277E', r >= '\u2780' && r <= '\u2788', r >= '\u278A' && r <= '\u2792': // circled digits
		return '1' + (r-'\u2776')%10
	case r >= '\u24F5' && r <= '\u24FD': // double circled digits
		return '1' + r - '\u24F5'
	case r == '\u24FF', r == '\U0001F10B', r == '\U0001F10C':
		return '0'
	case unicode.Is(unicode.Quotation_Mark, r):
		return '"'
	}
	if value, ok := digit(r); ok {
		return '0' + value
	}
	return r
}

// digit returns the value of a decimal digit of any script. The digits of a script
// stand one after the other, zero first.
func digit(r rune) (value rune, ok bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, some := range unicode.Nd.R16 {
		if r <= rune(some.Hi) {
			return (r - rune(some.Lo)) % 10, true
		}
	}
	for _, some := range unicode.Nd.R32 {
		if r <= rune(some.Hi) {
			return (r - rune(some.Lo)) % 10, true
		}
	}
	return 0, false
}

// foldCase appends the case folding of r.
func foldCase(out []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(out, byte(r))
	case r == '\u1E9E': // the capital of the sharp s
		return append(out, "ss"...)
	case r == '\u0345': // the iota below, whose capital stands on the line
		return append(out, "\u03B9"...)
	case r >= 0xDF && r <= 0x587 || r >= 0x1E96 && r <= 0x1FFC || r >= 0xFB00 && r <= 0xFB17:
		if full := fullFold(r); full != "" {
			return append(out, full...)
		}
	}
	return utf8.AppendRune(out, simpleFold(r))
}

// simpleFold returns the same rune for all case variants of r.
func simpleFold(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least == '\u0345' {
		return '\u03B9'
	}
	return unicode.ToLower(least)
}
