package match

import (
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

// folded is a folded text.
type folded struct {
	text string
	// origin is, for each byte of text, its offset in the original.
	origin []int
	length int // of the original, in bytes
}

// fold returns a text without the ignored differences. Compatibility forms of a
// character (NFKC), such as full-width letters and ligatures, are always the same.
func (f folding) fold(text string) folded {
	out := folded{length: len(text)}
	var (
		b     strings.Builder
		iter  norm.Iter
		space = true // no space is written at the start
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

// span returns the range in the original of a range of the folded text, in bytes.
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
