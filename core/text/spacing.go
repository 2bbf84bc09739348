package text

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spacing says that the letters of the phrase are there, with other spaces and marks
// between them, or none: "b-l-u-e eleven", "blue_eleven" and "BlueEleven" for "blue eleven".
const Spacing Rule = "spacing"

// The reasons for which letters may say something else.
const (
	runsTogether = "its words run together, and may be another one"
	otherWords   = "its pieces may be words of their own"
	otherNumbers = "its digits may be several numbers"
)

// The lengths, in bytes, from which a phrase is looked for by its letters, and from which
// it may be cut anywhere: "now here" says something else than "nowhere".
const (
	minSpaced = 3
	minCut    = 8
)

// letters is a text without anything between its words.
type letters struct {
	text  string
	words []word
	// starts are the places in text at which the words begin.
	starts []int
}

// lettersOf returns the letters and digits of a folded text.
func lettersOf(folded string) letters {
	all := wordsOf(folded)
	l := letters{words: all[:0]}
	var b strings.Builder
	for _, w := range all {
		if w.text == "." || w.isListNumber(folded) {
			continue
		}
		l.words, l.starts = append(l.words, w), append(l.starts, b.Len())
		b.WriteString(w.text)
	}
	l.text = b.String()
	return l
}

// isListNumber reports whether the word numbers an item of a list: "2." or "2)" where a
// line begins.
func (w word) isListNumber(folded string) bool {
	before := strings.TrimRight(folded[:w.start], " \t")
	return w.isNumber() && (before == "" || strings.HasSuffix(before, "\n")) &&
		w.end+1 < len(folded) && (folded[w.end] == '.' || folded[w.end] == ')') && folded[w.end+1] == ' '
}

// lettersIn returns the letters of the text in a form.
func (t *Text) lettersIn(f Form) letters {
	l, ok := t.letters[f]
	if !ok {
		l = lettersOf(t.in(f))
		t.letters[f] = l
	}
	return l
}

// wordAt returns the word with a byte of the text.
func (l letters) wordAt(at int) int { return sort.SearchInts(l.starts, at+1) - 1 }

// isBorder reports whether a word begins or ends at a place in the text, or can: in
// scripts that are written without spaces.
func (l letters) isBorder(at int) bool {
	if at == len(l.text) || l.starts[l.wordAt(at)] == at {
		return true
	}
	r, _ := utf8.DecodeRuneInString(l.text[at:])
	return isUnspaced(r)
}

// isUnspaced reports whether r is of a script that is written without spaces.
func isUnspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// bySpacing looks for the phrase by its letters.
func (p Phrase) bySpacing(t *Text) (found Match, ok bool) {
	wanted := p.letters.text
	if len(wanted) < minSpaced {
		return Match{}, false
	}
	form := Form{Case: !p.search.CaseSensitive}
	in := t.lettersIn(form)
	where := newLocator(form, t.given)
	for from := 0; ; from++ {
		next := strings.Index(in.text[from:], wanted)
		if next < 0 {
			return found, ok
		}
		from += next
		to := from + len(wanted)
		c := cut{phrase: p.letters, in: in, from: from, first: in.wordAt(from), last: in.wordAt(to - 1)}
		doubt, may := c.doubt()
		isBorder := in.isBorder(from) && in.isBorder(to)
		if !isBorder {
			doubt, may = runsTogether, c.first == c.last && len(wanted) >= minCut
		}
		if !may || doubt != "" && ok {
			continue
		}
		m := Match{Rule: Spacing, Doubt: doubt}
		m.Start, m.End = where.span(c.span())
		if doubt == runsTogether && isBorder && hasOddCapital(m.in(t)) {
			m.Doubt = "" // BlueEleven
		}
		if found, ok = m, true; m.Doubt == "" {
			return found, ok
		}
	}
}

// cut is how a phrase is cut into the words of a text: those from first to last.
type cut struct {
	phrase      letters
	in          letters
	from        int
	first, last int
}

// piece returns the part of the phrase that is in a word, as a range.
func (c cut) piece(i int) (from, to int) {
	start := c.in.starts[i] - c.from
	return max(start, 0), min(start+len(c.in.words[i].text), len(c.phrase.text))
}

// span returns where the phrase is in the folded text. A word that it does not fill has
// no marks within.
func (c cut) span() (from, to int) {
	first, last := c.in.words[c.first], c.in.words[c.last]
	from, to = first.start, last.end
	if before := c.from - c.in.starts[c.first]; before > 0 {
		from += before
	}
	if after := c.in.starts[c.last] + len(last.text) - c.from - len(c.phrase.text); after > 0 {
		to -= after
	}
	return from, to
}

// doubt says why the words may say something else. may is whether they can be a
// disguise of the phrase at all.
func (c cut) doubt() (doubt string, may bool) {
	if c.isPartOfNumber() {
		return partOfNumber, true
	}
	wasLetter := false
	for i := c.first; i <= c.last; i++ {
		from, to := c.piece(i)
		piece := c.phrase.text[from:to]
		r, _ := utf8.DecodeRuneInString(piece)
		isLetter := isOneLetter(piece)
		isWhole := c.phrase.isBorder(from) && c.phrase.isBorder(to)
		switch {
		case i > c.first && c.in.words[i].stop && !isLetter && !wasLetter && !c.isLongNumber():
			doubt = acrossStop
		case isLetter, isUnspaced(r), isWhole && !c.runsTogether(from, to):
		case isWhole:
			doubt = runsTogether
		case isDigit(piece[0]) && c.isLongNumber():
		case isDigit(piece[0]):
			doubt = otherNumbers
		case len(c.phrase.text) < minCut:
			return "", false
		default:
			doubt = otherWords
		}
		wasLetter = isLetter
	}
	if doubt == "" && c.first < c.last && c.isNumber() && !c.isLongNumber() {
		doubt = otherNumbers
	}
	return doubt, true
}

// runsTogether reports whether more than one word of the phrase is in a piece.
func (c cut) runsTogether(from, to int) bool {
	return c.phrase.wordAt(from) != c.phrase.wordAt(to-1)
}

// isNumber reports whether the phrase is of digits.
func (c cut) isNumber() bool {
	return strings.Trim(c.phrase.text, "0123456789") == ""
}

// isLongNumber reports whether the phrase is a number that is written in groups, such as
// that of a telephone.
func (c cut) isLongNumber() bool { return c.isNumber() && len(c.phrase.text) >= longNumber }

// isPartOfNumber reports whether digits go on before or behind the phrase.
func (c cut) isPartOfNumber() bool {
	words := c.in.words
	return words[c.first].isNumber() && c.first > 0 && words[c.first-1].isNumber() && !words[c.first].stop ||
		words[c.last].isNumber() && c.last+1 < len(words) && words[c.last+1].isNumber() && !words[c.last+1].stop
}

// isOneLetter reports whether s is a letter with its marks.
func isOneLetter(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) && strings.TrimFunc(s[size:], unicode.IsMark) == ""
}
