// Package jsoncut closes JSON that was cut off, so that the part that arrived can be
// read.
package jsoncut

import "bytes"

// Close returns a JSON document for the beginning of one: an open string is ended,
// an unfinished literal or key is dropped, and open objects and lists are closed.
// What is not the beginning of JSON gives JSON no more than it was.
func Close(cut []byte) []byte {
	s := scan(cut)
	doc := bytes.Clone(cut[:s.keep])
	if s.inString {
		doc = append(doc, '"')
	}
	for i := len(s.open) - 1; i >= 0; i-- {
		doc = append(doc, s.open[i])
	}
	return doc
}

// state is where a document stands at its end.
type state struct {
	open     []byte // what closes the open objects and lists, outermost first
	inString bool
	// keep is how much of the document a closed one can begin with.
	keep int
}

func scan(doc []byte) state {
	var s state
	isKey, start := false, 0 // of the present string
	expectsKey := func() bool { return len(s.open) > 0 && s.open[len(s.open)-1] == '}' }
	key := false
	for i := 0; i < len(doc); i++ {
		c := doc[i]
		switch {
		case s.inString && c == '\\':
			if n := escape(doc[i:]); n > 0 {
				i += n - 1
				if !isKey {
					s.keep = i + 1
				}
				continue
			}
			return s.end(isKey) // the escape is cut
		case s.inString && c == '"':
			s.inString = false
			if !isKey {
				s.keep = i + 1
			}
		case s.inString:
			if !isKey && c < 0x80 {
				s.keep = i + 1
			} else if n := runeAt(doc[i:]); n > 0 {
				i += n - 1
				if !isKey {
					s.keep = i + 1
				}
			} else {
				return s.end(isKey)
			}
		case c == '"':
			s.inString, isKey, start = true, key, i
			if !isKey {
				s.keep = start + 1
			}
		case c == '{' || c == '[':
			s.open = append(s.open, c+2) // '}' and ']' follow two after
			s.keep = i + 1
			key = c == '{'
		case c == '}' || c == ']':
			if len(s.open) > 0 {
				s.open = s.open[:len(s.open)-1]
			}
			s.keep, key = i+1, false
		case c == ',':
			key = expectsKey()
			if literalBefore(doc, i) {
				s.keep = i
			}
		case c == ':':
			key = false
		}
	}
	return s.end(isKey)
}

// end drops a string that is an unfinished key.
func (s state) end(isKey bool) state {
	if s.inString && isKey {
		s.inString = false
	}
	return s
}

// literalBefore reports whether a number, true, false or null ends before i.
func literalBefore(doc []byte, i int) bool {
	before := bytes.TrimRight(doc[:i], " \t\r\n")
	if len(before) == 0 {
		return false
	}
	last := before[len(before)-1]
	return last >= '0' && last <= '9' || last >= 'a' && last <= 'z'
}

// escape returns the length of the escape at the beginning; 0 if it is cut. A
// surrogate is kept with its other half only.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != 'u' {
		return 2
	}
	if len(b) < 6 {
		return 0
	}
	if high := b[2] == 'd' || b[2] == 'D'; !high || b[3] < '8' || b[3] > 'b' && b[3] != 'A' && b[3] != 'B' {
		return 6
	}
	if len(b) < 12 {
		return 0
	}
	return 12
}

// runeAt returns the length of the UTF-8 sequence at the beginning; 0 if it is cut.
func runeAt(b []byte) int {
	n := 1
	switch {
	case b[0] >= 0xF0:
		n = 4
	case b[0] >= 0xE0:
		n = 3
	case b[0] >= 0xC0:
		n = 2
	}
	if len(b) < n {
		return 0
	}
	return n
}
