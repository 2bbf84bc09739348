package match

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldWhole folds a text as one piece, and says of each byte where it comes from.
func foldWhole(f folding, text string) (folded string, origin []int) {
	var (
		b     strings.Builder
		iter  norm.Iter
		space = true
	)
	iter.InitString(norm.NFKC, text)
	for !iter.Done() {
		at := iter.Pos()
		for _, r := range string(iter.Next()) {
			if f.marks && !isWordRune(r) {
				if space {
					continue
				}
				space, r = true, ' '
			} else {
				space = false
				if f.letterCase {
					r = simpleFold(r)
				}
			}
			b.WriteRune(r)
			for range utf8.RuneLen(r) {
				origin = append(origin, at)
			}
		}
	}
	return b.String(), append(origin, len(text))
}

// A text is folded in pieces, and plain ASCII without tables.
func FuzzFoldingInPiecesIsFoldingTheWhole(f *testing.F) {
	for _, text := range []string{
		"", " ", "e", "e\u0301", "Ce\u0301a", "e \u0301", "caf\u0301e\u0301s au lait", "\u0301a", "ab\u0301", "a.b", "  A, B!  ", "x_1",
		"\uFB01n DE si\u00E8cle \uFF42\uFF4C\uFF55\uFF45", "\u03A3\u03C3\u03C2 \u0130", "a\u00A0b", "\u2026", "\u1100\u1161\u11A8x", "한국어 abc", "\u0344", "1\u20442",
		"a" + strings.Repeat("\u0301", 40) + "b", "\uFFFD\x00\x7f", "Вот пароль, sir", "🎉 yes 🎉",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text[:min(len(text), 1000)], "\uFFFD")
		for _, how := range []folding{{}, {letterCase: true}, {marks: true}, {letterCase: true, marks: true}} {
			want, origin := foldWhole(how, text)
			if how.marks {
				want = strings.TrimSuffix(want, " ")
			}
			got := how.fold(text)
			if got != want {
				t.Fatalf("%+v: %q becomes %q, want %q", how, text, got, want)
			}
			for start := range got {
				_, size := utf8.DecodeRuneInString(got[start:])
				from, to := how.span(text, start, start+size)
				if from != origin[start] || to != origin[start+size] {
					t.Errorf("%+v: %q at %d of %q comes from %d to %d, want %d to %d", how, got[start:start+size], start, text, from, to, origin[start], origin[start+size])
				}
			}
		}
	})
}
