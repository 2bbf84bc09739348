package text

import "slices"

// The reasons for which speech may say something else.
const (
	acrossStop   = "it goes across the end of a sentence"
	partOfNumber = "it may be a part of a longer number"
	fewSounds    = "it sounds like it, by words that mostly mean something else"
	isAnOrdinal  = "it is an ordinal number"
)

// longNumber is the number of digits from which a number may have stops within.
const longNumber = 6

// doubt says why the n words from i on, as they were read, may say something else.
func (p spoken) doubt(words []word, i, n int, read path) string {
	var homophones, ordinary, sure int
	last := reading{}
	at := i
	for k, r := range read {
		switch r.sound {
		case isAside:
		case isOrdinal:
			return isAnOrdinal
		case isHomophone:
			homophones++
		case isOrdinaryHomophone:
			homophones, ordinary = homophones+1, ordinary+1
		case isOrdinaryLetter:
			ordinary++
		default:
			sure++
		}
		if k > 0 && stopsWithin(words[at:at+r.words], true) && !areLetters(last, r) && !p.isLong(last, r) || stopsWithin(words[at:at+r.words], false) {
			return acrossStop
		}
		at, last = at+r.words, r
	}
	switch {
	case homophones == len(read) && len(read) < 2, ordinary > 0 && sure < 2:
		return fewSounds
	case isDigit(p.text[0]) && i > 0 && !words[i].stop && words[i-1].isNumeral(),
		isDigit(p.text[len(p.text)-1]) && i+n < len(words) && !words[i+n].stop && words[i+n].isNumeral():
		return partOfNumber
	}
	return ""
}

// stopsWithin reports whether there is a stop before the first of words, or before
// another one.
func stopsWithin(words []word, first bool) bool {
	if first {
		return words[0].stop
	}
	return slices.ContainsFunc(words[1:], func(w word) bool { return w.stop })
}

// areLetters reports whether two readings are letters, which are spelled with stops.
func areLetters(a, b reading) bool {
	is := func(r reading) bool { return r.sound == isLetter || r.sound == isOrdinaryLetter }
	return is(a) && is(b)
}

// isLong reports whether two readings are digits of a phrase with a long number, such as
// that of a telephone.
func (p spoken) isLong(a, b reading) bool {
	digits := 0
	for i := range len(p.text) {
		if isDigit(p.text[i]) {
			digits++
		}
	}
	return digits >= longNumber && a.isDigits() && b.isDigits()
}

// isDigits reports whether the reading is of digits.
func (r reading) isDigits() bool { return r.text != "" && isDigit(r.text[0]) }
