// Package jsoncut closes JSON that was cut off, so that the part that arrived can be
// read.
package jsoncut

import "bytes"

// Close returns a JSON document for the beginning of one: an open string is ended, an
// unfinished key, escape or literal is dropped, and open objects and lists are
// closed. What is not the beginning of JSON gives no JSON, either.
func Close(cut []byte) []byte {
	s := scanner{doc: cut}
	for s.at < len(cut) {
		if s.inString {
			s.inside()
		} else {
			s.outside()
		}
	}
	doc := bytes.Clone(cut[:s.keep])
	if s.inString && !s.isKey {
		doc = append(doc, '"')
	}
	for i := len(s.open) - 1; i >= 0; i-- {
		doc = append(doc, s.open[i])
	}
	return doc
}

// scanner goes through a document.
type scanner struct {
	doc []byte
	at  int
	// keep is how much of the document a closed one can begin with.
	keep int
	// open is what closes the open objects and lists, the outermost first.
	open     []byte
	inString bool
	// isKey says that the present string is a key, keyNext that the next one is.
	isKey, keyNext bool
}

// kept goes on, and keeps what was gone through.
func (s *scanner) kept(n int) {
	s.at += n
	s.keep = s.at
}

// outside goes past one byte that is in no string.
func (s *scanner) outside() {
	switch c := s.doc[s.at]; c {
	case '"':
		s.inString, s.isKey, s.keyNext = true, s.keyNext, false
		if s.isKey {
			s.at++
		} else {
			s.kept(1)
		}
	case '{', '[':
		s.open = append(s.open, c+2) // '}' and ']' are two places after them
		s.keyNext = c == '{'
		s.kept(1)
	case '}', ']':
		if len(s.open) > 0 {
			s.open = s.open[:len(s.open)-1]
		}
		s.keyNext = false
		s.kept(1)
	case ',':
		s.keyNext = len(s.open) > 0 && s.open[len(s.open)-1] == '}'
		if literalEnds(s.doc[:s.at]) {
			s.keep = s.at
		}
		s.at++
	default:
		s.at++
	}
}

// inside goes past one character of a string, or to the end of the document where
// it is cut.
func (s *scanner) inside() {
	rest := s.doc[s.at:]
	if rest[0] == '"' {
		s.inString = false
	}
	n := 1
	switch {
	case rest[0] == '\\':
		n = escape(rest)
	case rest[0] >= 0xC0:
		n = sequence(rest)
	}
	switch {
	case n > len(rest):
		s.at = len(s.doc)
	case s.isKey:
		s.at += n
	default:
		s.kept(n)
	}
}

// literalEnds reports whether a text ends with a number, true, false or null.
func literalEnds(text []byte) bool {
	text = bytes.TrimRight(text, " \t\r\n")
	if len(text) == 0 {
		return false
	}
	last := text[len(text)-1]
	return last >= '0' && last <= '9' || last >= 'a' && last <= 'z'
}

// escape returns the length of the escape at the beginning of a text, which may be
// shorter. Both halves of a surrogate pair are one escape.
func escape(b []byte) int {
	if len(b) < 2 || b[1] != 'u' {
		return 2
	}
	isHalf := len(b) >= 4 && (b[2] == 'd' || b[2] == 'D') && bytes.IndexByte([]byte("89abAB"), b[3]) >= 0
	if isHalf && (len(b) <= 6 || b[6] == '\\' && (len(b) == 7 || b[7] == 'u')) {
		return 12
	}
	return 6
}

// sequence returns the length of the UTF-8 sequence at the beginning of a text,
// which may be shorter. One that is broken is as long as it is right.
func sequence(b []byte) int {
	length := 2
	switch {
	case b[0] >= 0xF0:
		length = 4
	case b[0] >= 0xE0:
		length = 3
	}
	for i := 1; i < min(length, len(b)); i++ {
		if b[i]&0xC0 != 0x80 {
			return i
		}
	}
	return length
}
