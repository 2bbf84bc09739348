package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns the text of a file: UTF-8, or UTF-16 that begins with a byte-order mark.
func decode(name string, data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		return "", wrong(1, 1, "save it as UTF-8", "the file is in UTF-32")
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return fromUTF16(data[2:], binary.BigEndian)
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if start := data[:min(len(data), 4096)]; len(start) > 3 && bytes.Count(start, []byte{0})*3 > len(start) {
		return "", wrong(1, 1, "save it as UTF-8", "the file has a zero byte beside each character, as UTF-16 without a byte-order mark has")
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	return "", notUTF8(name, data)
}

func fromUTF16(data []byte, order binary.ByteOrder) (string, error) {
	var b strings.Builder
	line, column := 1, 1
	units := make([]uint16, 0, len(data)/2)
	for rest := data; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	for i := 0; i < len(units); i++ {
		c := rune(units[i])
		if utf16.IsSurrogate(c) {
			next := rune(0)
			if i+1 < len(units) {
				next = rune(units[i+1])
			}
			if c = utf16.DecodeRune(c, next); c == utf8.RuneError {
				return "", wrong(line, column, "save it as UTF-8", "not UTF-16 text")
			}
			i++
		}
		b.WriteRune(c)
		if column++; c == '\n' {
			line, column = line+1, 1
		}
	}
	if len(data)%2 != 0 {
		return "", wrong(line, column, "save it as UTF-8", "not UTF-16 text: half a character at the end")
	}
	return b.String(), nil
}

// notUTF8 names the first byte that is not UTF-8, and what it would be in the encoding
// that older programs write.
func notUTF8(name string, data []byte) error {
	line, column := 1, 1
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		if c == utf8.RuneError && size == 1 {
			hint := "save it as UTF-8"
			what := fmt.Sprintf("not UTF-8 text: the byte 0x%02X", rest[0])
			if guess := windows1252(rest[0]); guess != 0 {
				what += fmt.Sprintf(" is %q in Windows-1252", string(guess))
				hint = fmt.Sprintf("save it as UTF-8 (Excel: CSV UTF-8), or run: iconv -f WINDOWS-1252 -t UTF-8 %s", name)
			}
			return wrong(line, column, hint, "%s", what)
		}
		rest = rest[size:]
		if column++; c == '\n' {
			line, column = line+1, 1
		}
	}
	return nil // the data are UTF-8
}

// windows1252 returns the character of a byte from 0x80; 0 where there is none.
func windows1252(b byte) rune {
	const first = "€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ"
	if b >= 0xA0 {
		return rune(b)
	}
	return []rune(first)[b-0x80]
}
