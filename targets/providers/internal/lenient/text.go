package lenient

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Text reads a text of JSON; ok is false for anything else. Unlike [json.Unmarshal] it
// keeps bytes that are not UTF-8, and each half of a surrogate pair that stands alone, as
// three bytes: services are known that cut a text within a character, and send its other
// half with the next piece. [Join] puts them together.
func Text(data []byte) (text string, ok bool) {
	if utf8.Valid(data) && !bytes.Contains(data, []byte(`\ud`)) && !bytes.Contains(data, []byte(`\uD`)) {
		return text, json.Unmarshal(data, &text) == nil
	}
	if len(data) < 2 || data[0] != '"' || !json.Valid(data) {
		return "", false
	}
	data = data[1 : len(data)-1]
	var out []byte
	for len(data) > 0 {
		switch {
		case data[0] != '\\':
			out, data = append(out, data[0]), data[1:]
		case data[1] == 'u':
			out, data = appendUnit(out, unit(data[2:])), data[6:]
		default:
			out, data = append(out, escaped(data[1])), data[2:]
		}
	}
	return string(out), true
}

// unit is the UTF-16 unit of four hexadecimal digits.
func unit(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16) // it is valid JSON
	return rune(n)
}

// escaped is the byte that an escape of JSON stands for.
func escaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// half is the size of half a surrogate pair.
const half = 3

// appendUnit adds a UTF-16 unit: a character, or half of one.
func appendUnit(out []byte, r rune) []byte {
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(out, r)
	}
	return Join(out, []byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
}

// Join adds a text to another one. Where the one ends with the first half of a surrogate
// pair and the other begins with the second, they become the character.
func Join(text, more []byte) []byte {
	if len(text) >= half && len(more) >= half {
		first, second := surrogate(text[len(text)-half:]), surrogate(more[:half])
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return append(utf8.AppendRune(text[:len(text)-half], r), more[half:]...)
		}
	}
	return append(text, more...)
}

// surrogate is the half of a pair that three bytes stand for; 0 for none.
func surrogate(b []byte) rune {
	if b[0] != 0xED || b[1] < 0xA0 || b[1] > 0xBF || b[2]&0xC0 != 0x80 {
		return 0
	}
	return 0xD000 | rune(b[1]&0x3F)<<6 | rune(b[2]&0x3F)
}
