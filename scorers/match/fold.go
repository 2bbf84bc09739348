package match

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folding says which differences between texts are ignored.
type folding struct {
	// letterCase ignores upper and lower case.
	letterCase bool
	// marks ignores punctuation, symbols and the amount of space: each run of
	// them becomes one space.
	marks bool
}

// fold returns a text without the ignored differences. Compatibility forms of a
// character (NFKC), such as full-width letters and ligatures, are always the same.
func (f folding) fold(text string) string {
	folded, _ := f.upTo(text, math.MaxInt)
	if f.marks {
		folded = strings.TrimSuffix(folded, " ")
	}
	return folded
}

// span returns the range in a text of a range of the folded text, in bytes. It folds
// the text again, which is needed only where something was found.
func (f folding) span(text string, start, end int) (from, to int) {
	_, from = f.upTo(text, start)
	_, to = f.upTo(text, end)
	return from, to
}

// upTo folds a text until limit bytes are written. at is the offset in text of the
// character that would follow them.
func (f folding) upTo(text string, limit int) (folded string, at int) {
	w := writer{folding: f, limit: limit, out: make([]byte, 0, min(len(text), limit)), space: true}
	for at < len(text) {
		plain := plainLength(text[at:])
		if n := w.writePlain(text[at : at+plain]); n < plain {
			return string(w.out), at + n
		}
		at += plain
		other := otherLength(text[at:])
		if n := w.writeOther(text[at : at+other]); n < other {
			return string(w.out), at + n
		}
		at += other
	}
	return string(w.out), at
}

// plainLength returns the length of the ASCII at the beginning of a text that no
// normalisation changes. The last ASCII character before another one is not counted:
// the next one may be a combining mark.
func plainLength(text string) int {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return max(i-1, 0)
		}
	}
	return len(text)
}

// otherLength returns the length of a text before its first two ASCII characters in a
// row. Normalisation does not reach across that point.
func otherLength(text string) int {
	for i := 1; i < len(text); i++ {
		if text[i-1] < utf8.RuneSelf && text[i] < utf8.RuneSelf {
			return i - 1
		}
	}
	return len(text)
}

// writer folds a text.
type writer struct {
	folding
	limit int // of out, in bytes
	out   []byte
	space bool // whether another space is dropped: at the start, and after a space
}

// writePlain folds ASCII, and returns how many bytes of it it folded before the limit.
func (w *writer) writePlain(text string) int {
	out, space := w.out, w.space
	defer func() { w.out, w.space = out, space }()
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || !w.marks && (c < 'A' || c > 'Z'):
			space = false
		case 'A' <= c && c <= 'Z':
			space = false
			if w.letterCase {
				c += 'a' - 'A'
			}
		case space:
			continue
		default:
			c, space = ' ', true
		}
		if len(out) == w.limit {
			return i
		}
		out = append(out, c)
	}
	return len(text)
}

// writeOther folds any text, and returns how many bytes of it it folded before the
// limit.
func (w *writer) writeOther(text string) int {
	var iter norm.Iter
	iter.InitString(norm.NFKC, text)
	for !iter.Done() {
		at := iter.Pos()
		for _, r := range string(iter.Next()) {
			switch {
			case !w.marks || isWordRune(r):
				w.space = false
				if w.letterCase {
					r = simpleFold(r)
				}
			case w.space:
				continue
			default:
				r, w.space = ' ', true
			}
			if len(w.out)+utf8.RuneLen(r) > w.limit {
				return at
			}
			w.out = utf8.AppendRune(w.out, r)
		}
	}
	return len(text)
}

// isWordRune reports whether r is part of a word.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// simpleFold returns the same rune for all case variants of r.
func simpleFold(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}
