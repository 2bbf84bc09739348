package text

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// The rules of speech. A match that took several has their names in one [Rule], with
// commas between them.
const (
	// Words: the phrase's words are there, with other marks between them.
	Words Rule = "words"
	// Numbers: a number is said, or written, in another way.
	Numbers Rule = "numbers"
	// Spelling: a word is spelled, letter by letter.
	Spelling Rule = "spelling"
	// Homophones: a word is there by another that sounds like it.
	Homophones Rule = "homophones"
)

// sound says how a word was read.
type sound int

const (
	isWordItself sound = iota
	isNumeral
	isOrdinal
	isLetter
	isOrdinaryLetter
	isHomophone
	isOrdinaryHomophone
	isAside
)

// rule returns the rule that a reading took.
func (s sound) rule() Rule {
	switch s {
	case isNumeral, isOrdinal:
		return Numbers
	case isLetter, isOrdinaryLetter:
		return Spelling
	case isHomophone, isOrdinaryHomophone:
		return Homophones
	}
	return Words
}

// spoken is a phrase as it is looked for in speech: its words and numbers, without
// anything between them.
type spoken struct {
	text string
	// begins says of each byte, and of the end, whether a word begins there.
	begins []bool
	// words are the words as they were given.
	words []string
	// alike are the words that sound like the one that begins at a byte.
	alike map[int][]string
}

// maxSpoken is the length of the longest phrase that is looked for in speech, in bytes.
const maxSpoken = 512

// spokenOf returns how a phrase sounds. Its text is empty for one that is too long, or
// that has no word.
func spokenOf(folded string) spoken {
	words := wordsOf(folded)
	p := spoken{alike: map[int][]string{}}
	for len(words) > 0 {
		said, n := words[0].text, 1
		digits, k := numberAt(words)
		nth, kth := ordinalAt(words)
		switch {
		case kth > 0:
			said, n = nth+ordinal, kth
		case k > 0:
			said, n = digits, k
		case said == "point" && p.text != "" && isDigit(p.text[len(p.text)-1]) && len(words) > 1 && words[1].isNumeral():
			said = "."
		default:
			p.alike[len(p.text)] = homophonesOf(said)
		}
		for _, w := range words[:n] {
			p.words = append(p.words, w.text)
		}
		for i := range len(said) {
			p.begins = append(p.begins, i == 0)
		}
		p.text, words = p.text+said, words[n:]
	}
	p.begins = append(p.begins, true)
	if len(p.text) > maxSpoken {
		return spoken{}
	}
	return p
}

// reading is one way to read the word with which words begin.
type reading struct {
	text  string
	words int
	sound sound
}

// readings calls yield with each way to read the word with which words begin, until
// that returns false.
func readings(words []word, yield func(reading) bool) {
	w := words[0].text
	itself := isWordItself
	if utf8.RuneCountInString(w) == 1 && !words[0].isNumber() && w != "." {
		itself = isLetter
		if w == "a" || w == "i" || w == "o" || w == "s" || w == "t" {
			itself = isOrdinaryLetter
		}
	}
	if example := exampleReading(words); example.words > 0 && !yield(example) {
		return
	}
	if !yield(reading{w, 1, itself}) {
		return
	}
	for _, r := range []reading{nthReading(words), cardinalReading(words), smallReading(words), letterReading(words)} {
		switch {
		case r.words == 0:
		case !yield(r):
			return
		case strings.HasSuffix(r.text, ordinal) && !yield(reading{strings.TrimSuffix(r.text, ordinal), r.words, isOrdinal}):
			return
		}
	}
	if digit := digitSound(w); digit != "" {
		yield(reading{digit, 1, isOrdinaryHomophone})
	}
}

func nthReading(words []word) reading {
	digits, n := ordinalAt(words)
	return reading{digits + ordinal, n, isNumeral}
}

func cardinalReading(words []word) reading {
	digits, n := cardinalAt(words)
	return reading{digits, n, isNumeral}
}

func smallReading(words []word) reading {
	if words[0].text == "point" {
		return reading{".", 1, isNumeral}
	}
	digits, n := smallAt(words)
	return reading{digits, n, isNumeral}
}

// letterReading reads a word as the letter that it names.
func letterReading(words []word) reading {
	w := words[0].text
	if len(words) > 1 {
		switch after := words[1].text; {
		case w == "double" && (after == "u" || after == "you"):
			return reading{"w", 2, isLetter}
		case w == "x" && after == "ray":
			return reading{"x", 2, isLetter}
		}
	}
	letter, ordinary := letterOf(w)
	switch {
	case letter == "" || letter == w:
		return reading{}
	case ordinary:
		return reading{letter, 1, isOrdinaryLetter}
	}
	return reading{letter, 1, isLetter}
}

// path is how words were read, from the first one on.
type path []reading

// at looks for the phrase where words begin, and returns how they were read.
func (p spoken) at(words []word) path {
	if !p.mayBegin(words) {
		return nil
	}
	w := walk{p: p, words: words, failed: map[[2]int]bool{}}
	if !w.from(0, 0) {
		return nil
	}
	return w.found
}

// walk reads words so that they are a phrase.
type walk struct {
	p     spoken
	words []word
	// failed are the words and places in the phrase from which there is no way on.
	failed map[[2]int]bool
	found  path
}

// from goes on from a word, and a place in the phrase.
func (w *walk) from(i, at int) bool {
	here := [2]int{i, at}
	switch {
	case at == len(w.p.text):
		return true
	case i == len(w.words) || w.failed[here]:
		return false
	}
	done := false
	readings(w.words[i:], func(r reading) bool {
		if !w.p.fits(r, at) {
			return true
		}
		if r.text == w.words[i].text && w.p.begins[at] && w.p.begins[at+len(r.text)] {
			r.sound = isWordItself // a letter that is a word
		}
		done = w.by(r, i, at)
		return !done
	})
	if !done && slices.Contains(w.p.alike[at], w.words[i].text) {
		end := at + 1
		for !w.p.begins[end] {
			end++
		}
		done = w.by(reading{w.p.text[at:end], 1, isHomophone}, i, at)
	}
	if n := asideAt(w.words[i:]); !done && at > 0 && n > 0 {
		done = w.by(reading{"", n, isAside}, i, at)
	}
	w.failed[here] = !done
	return done
}

// by goes on with a reading.
func (w *walk) by(r reading, i, at int) bool {
	w.found = append(w.found, r)
	if w.from(i+r.words, at+len(r.text)) {
		return true
	}
	w.found = w.found[:len(w.found)-1]
	return false
}

// mayBegin reports whether the phrase can begin with the first of words.
func (p spoken) mayBegin(words []word) (may bool) {
	readings(words, func(r reading) bool {
		may = may || p.fits(r, 0)
		return !may
	})
	return may || slices.Contains(p.alike[0], words[0].text)
}

// fits reports whether a reading can stand at a place in the phrase. Only a letter and
// a number can be a part of a word.
func (p spoken) fits(r reading, at int) bool {
	if !strings.HasPrefix(p.text[at:], r.text) {
		return false
	}
	end := at + len(r.text)
	if isDigit(r.text[0]) {
		return (at == 0 || p.begins[at] || isDigit(p.text[at-1]) || p.text[at-1] == '.') && (r.sound != isOrdinal || p.begins[end])
	}
	return r.sound == isLetter || r.sound == isOrdinaryLetter || r.text == "." || p.begins[at] && p.begins[end]
}

// spokenForm is the form in which words are looked for.
var spokenForm = Form{Case: true, markup: true}

// bySound looks for the phrase in what was said.
func (p Phrase) bySound(t *Text) (found Match, ok bool) {
	if p.spoken.text == "" {
		return Match{}, false
	}
	words := t.spokenWords()
	where := newLocator(spokenForm, t.given)
	for i := range words {
		read := p.spoken.at(words[i:])
		if read == nil {
			continue
		}
		n := 0
		for _, r := range read {
			n += r.words
		}
		doubt := p.spoken.doubt(words, i, n, read)
		if doubt != "" && ok {
			continue
		}
		found.Start, found.End = where.span(words[i].start, words[i+n-1].end)
		found.Rule, found.Doubt, ok = ruleOf(words[i:i+n], read, p.spoken.words), doubt, true
		if doubt == "" {
			break
		}
	}
	return found, ok
}

// spokenWords returns the words of the text.
func (t *Text) spokenWords() []word {
	if t.words == nil {
		t.words = wordsOf(t.in(spokenForm))
	}
	return t.words
}

// ruleOf returns the rules that a path took. A word that the phrase has, too, took none.
func ruleOf(words []word, read path, given []string) Rule {
	took := map[Rule]bool{}
	for _, r := range read {
		for _, w := range words[:r.words] {
			switch {
			case slices.Contains(given, w.text):
			case w.isNumber():
				took[Numbers] = true
			default:
				took[r.sound.rule()] = true
			}
		}
		words = words[r.words:]
	}
	var names []string
	for _, rule := range []Rule{Numbers, Spelling, Homophones} {
		if took[rule] {
			names = append(names, string(rule))
		}
	}
	if len(names) == 0 {
		return Words
	}
	return Rule(strings.Join(names, ", "))
}
