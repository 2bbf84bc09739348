package text

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Form says which further differences between texts are passed over. Whatever the
// form, characters that show nothing are left out, compatible forms of a character
// (NFKC) are the same, and so are all kinds of space, of dash, of quotation mark, of
// apostrophe, and the digits of all scripts. Line ends and tabs stay what they are,
// unless Spaces or Marks is set; ASCII stays what it is, unless Case is set.
type Form struct {
	// Case passes over upper and lower case.
	Case bool
	// Spaces passes over the amount of white space, line ends among it: a run of it is
	// one space, and there is none at the ends.
	Spaces bool
	// Marks passes over punctuation, symbols and white space: a run of them is one
	// space, and there is none at the ends.
	Marks bool

	markup bool
	looks  looks
}

// Fold folds a text: upper and lower case, and the amount of white space, do not
// count.
func Fold(s string) string { return Form{Case: true, Spaces: true}.Fold(s) }

// Fold returns a text in which what the form passes over is the same.
func (f Form) Fold(s string) string {
	w := newFolder(f, s)
	w.out = make([]byte, 0, len(s))
	for w.next < len(s) {
		w.run()
	}
	if f.Spaces || f.Marks {
		w.out = bytes.TrimSuffix(w.out, []byte(" "))
	}
	return string(w.out)
}

// Span returns the range in a text, in bytes, from which a range of the folded text
// comes. An empty range comes from an empty one. It folds the text again.
func (f Form) Span(s string, start, end int) (from, to int) {
	return newLocator(f, s).span(start, end)
}

// locator tells where ranges of a folded text come from. The starts of the ranges that
// it is asked about must not decrease.
type locator struct {
	w folder
	// before is the length of the folded text before the last character.
	before int
}

func newLocator(f Form, s string) *locator { return &locator{w: *newFolder(f, s)} }

func (l *locator) span(start, end int) (from, to int) {
	l.advance(start)
	if l.before+len(l.w.out) <= start {
		return len(l.w.text), len(l.w.text)
	}
	if end <= start {
		return l.w.from, l.w.from
	}
	last := *l
	last.advance(end - 1)
	return l.w.from, last.w.to
}

// advance goes on to the character with a byte of the folded text.
func (l *locator) advance(at int) {
	for l.before+len(l.w.out) <= at && l.w.next < len(l.w.text) {
		l.before += len(l.w.out)
		l.w.out = l.w.out[:0]
		l.w.step()
	}
}

// folder folds a text, one character with its marks after the other.
type folder struct {
	Form
	text string
	// next is where the next character begins; from and to are the range of the last
	// one that was folded, without what shows nothing after it.
	next, from, to int
	// space is whether another space is left out: at the start, and after a space.
	space bool
	out   []byte
	// given, folded and composed are reused for each character.
	given, folded, composed, decomposed []byte
	known                               *[knownRunes]known
}

func newFolder(f Form, s string) *folder { return &folder{Form: f, text: s, space: true} }

// run folds ASCII up to what needs more than a look at one byte, or one character.
func (w *folder) run() {
	out, space := w.out, w.space
	i := w.next
	for ; i < len(w.text) && w.isPlain(i); i++ {
		out, space = w.appendASCII(out, space, w.text[i])
	}
	w.next, w.out, w.space = i, out, space
	if i < len(w.text) {
		w.step()
	}
}

// isPlain reports whether the byte at i is a character of its own that is folded by
// itself.
func (w *folder) isPlain(i int) bool {
	c := w.text[i]
	switch {
	case c >= utf8.RuneSelf, i+1 < len(w.text) && w.text[i+1] >= utf8.RuneSelf:
		return false
	case w.markup && isMarkup(c):
		return false
	}
	return !w.looks.overASCII() || !isLookalikeASCII(c)
}

// appendASCII appends what a character folds to. space is whether another space is left
// out, before and afterwards.
func (w *folder) appendASCII(out []byte, space bool, c byte) ([]byte, bool) {
	switch {
	case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
		return append(out, c), false
	case 'A' <= c && c <= 'Z':
		if w.Case {
			c += 'a' - 'A'
		}
		return append(out, c), false
	case c == ' ' || c >= '\t' && c <= '\r':
		if !w.Spaces && !w.Marks {
			return append(out, c), true
		}
	case c < ' ' || c == 0x7F: // shows nothing
		return out, space
	case !w.Marks:
		return append(out, c), false
	}
	if space {
		return out, true
	}
	return append(out, ' '), true
}

// step folds one character with its marks, or a piece of markup.
func (w *folder) step() {
	w.from = w.next
	if w.markup && isMarkup(w.text[w.next]) {
		if length, means, ok := markupAt(w.text[w.next:]); ok {
			w.next += length
			w.to = w.next
			w.fold(append(w.given[:0], means...))
			return
		}
	}
	if c := w.text[w.next]; w.looks.overASCII() && isLookalikeASCII(c) && (w.next+1 == len(w.text) || w.text[w.next+1] < utf8.RuneSelf) {
		w.next++
		w.to = w.next
		w.writeLooks(c)
		return
	}
	w.foldNext()
}

// maxMarks bounds the marks of one character that are looked at. The rest of them is
// left out.
const maxMarks = 24

// character returns the next character with the marks that belong to it, and without
// what shows nothing. Where it is a single one that is known, that comes with it.
func (w *folder) character() (given []byte, single *known) {
	given, marks := w.given[:0], 0
	r, size := utf8.DecodeRuneInString(w.text[w.next:])
	if k := w.know(r); !k.ignorable {
		given, single = utf8.AppendRune(given, r), k
	}
	w.next += size
	w.to = w.next
	for w.next < len(w.text) && w.text[w.next] >= utf8.RuneSelf {
		r, size = utf8.DecodeRuneInString(w.text[w.next:])
		k := w.know(r)
		if !k.ignorable {
			if len(given) == 0 || k.begins {
				break
			}
			if marks++; marks <= maxMarks {
				given, single = utf8.AppendRune(given, r), nil
			}
			w.to = w.next + size
		}
		w.next += size
	}
	w.given = given
	if single != nil && single.r != firstRune(given) { // another one took its place
		single = nil
	}
	return given, single
}

func firstRune(b []byte) rune {
	r, _ := utf8.DecodeRune(b)
	return r
}

// knownRunes is the number of characters about which a folder remembers what it has
// found out.
const knownRunes = 512

// known is what a folder knows about a character.
type known struct {
	r rune
	// ignorable says that it shows nothing, and begins that it does not belong to
	// the character before it.
	ignorable, begins bool
	// size is the length of what it folds to when it stands alone, at the start of
	// folded; 0 where that is not known.
	size   uint8
	folded [14]byte
}

// know returns what is known about a character. It holds until the next call.
func (w *folder) know(r rune) *known {
	if w.known == nil {
		w.known = new([knownRunes]known)
	}
	k := &w.known[uint32(r)%knownRunes]
	if k.r != r || r == 0 {
		var encoded [utf8.UTFMax]byte
		n := utf8.EncodeRune(encoded[:], r)
		*k = known{r: r, ignorable: Ignorable(r), begins: norm.NFKC.Properties(encoded[:n]).BoundaryBefore()}
	}
	return k
}

// foldNext folds the next character.
func (w *folder) foldNext() {
	given, single := w.character()
	if single == nil {
		w.fold(given)
		return
	}
	if single.size > 0 {
		w.writeAll(single.folded[:single.size])
		return
	}
	folded := w.folding(given)
	if len(folded) <= len(single.folded) {
		single.size = uint8(copy(single.folded[:], folded))
	}
	w.writeAll(folded)
}

// fold folds a character with its marks.
func (w *folder) fold(given []byte) { w.writeAll(w.folding(given)) }

// folding returns what a character with its marks folds to. It holds until the next
// call.
func (w *folder) folding(given []byte) []byte {
	folded := w.appendFolded(w.folded[:0], given)
	w.folded = folded
	for range 4 { // the second time is normally the last
		composed := norm.NFKC.Append(w.composed[:0], folded...)
		w.composed = composed
		if bytes.Equal(composed, folded) {
			break
		}
		folded = w.appendFolded(w.folded[:0], composed)
		w.folded = folded
	}
	if w.looks != asWritten {
		folded = w.appendLooks(w.composed[:0], folded)
		w.composed = folded
	}
	return folded
}

// writeAll writes folded characters.
func (w *folder) writeAll(folded []byte) {
	for len(folded) > 0 {
		r, size := utf8.DecodeRune(folded)
		w.write(r, folded[:size])
		folded = folded[size:]
	}
}

// appendFolded appends the characters, each as what it is the same as.
func (w *folder) appendFolded(out, given []byte) []byte {
	for len(given) > 0 {
		r, size := utf8.DecodeRune(given)
		given = given[size:]
		switch r = same(r); {
		case Ignorable(r):
		case w.Case && w.looks != lookingFirst:
			out = foldCase(out, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// write writes a folded character.
func (w *folder) write(r rune, encoded []byte) {
	if w.Marks && !isWordRune(r) || w.Spaces && unicode.IsSpace(r) {
		if w.space {
			return
		}
		r, encoded = ' ', []byte{' '}
	}
	w.space = unicode.IsSpace(r)
	w.out = append(w.out, encoded...)
}
