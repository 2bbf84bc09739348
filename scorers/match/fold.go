package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folding says which differences between texts do not count.
type folding struct {
	// letterCase: upper and lower case.
	letterCase bool
	// marks: punctuation and symbols, and how much space there is where; runs
	// of them become one space.
	marks bool
}

// folded is a text without its differences. It knows where each of its bytes
// was in the text that it was made of.
type folded struct {
	text   string
	origin []int
	length int // of the original
}

// fold returns a text without the differences that do not count. Compatible
// forms of a character, such as full-width letters and ligatures, never do.
func (f folding) fold(text string) folded {
	out := folded{length: len(text)}
	var (
		b     strings.Builder
		iter  norm.Iter
		space = true // at the start there is none to write
	)
	write := func(s string, at int) {
		b.WriteString(s)
		for range len(s) {
			out.origin = append(out.origin, at)
		}
	}
	iter.InitString(norm.NFKC, text)
	for !iter.Done() {
		at := iter.Pos()
		for _, r := range string(iter.Next()) {
			if f.marks && !isWordRune(r) {
				if !space {
					write(" ", at)
				}
				space = true
				continue
			}
			space = false
			if f.letterCase {
				r = simpleFold(r)
			}
			write(string(r), at)
		}
	}
	out.text = b.String()
	if f.marks {
		out.text = strings.TrimSuffix(out.text, " ")
	}
	return out
}

// span returns where in the original a part of the folded text was.
func (f folded) span(start, end int) (from, to int) {
	to = f.length
	if end < len(f.origin) {
		to = f.origin[end]
	}
	return f.origin[start], to
}

// isWordRune reports whether r is part of a word.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// simpleFold returns the one rune that stands for r in every case.
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
