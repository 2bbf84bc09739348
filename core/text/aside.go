package text

import (
	"slices"
	"strings"
)

// asideAt returns the number of words, from the first on, that are said between others
// and are no part of what is said: "um", "capital", "the letter"; 0 for none.
func asideAt(words []word) int {
	switch w := words[0].text; {
	case slices.Contains([]string{"ah", "er", "erm", "hm", "hmm", "mm", "uh", "uhm", "um"}, w),
		slices.Contains([]string{"capital", "uppercase", "lowercase", "letter", "number", "digit", "figure", "dash", "hyphen", "space", "underscore"}, w):
		return 1
	case w == "the" && len(words) > 1 && slices.Contains([]string{"letter", "number", "digit", "figure"}, words[1].text):
		return 2
	}
	return 0
}

// exampleReading reads a letter that is told by a word: "b as in boat", "b for bravo".
func exampleReading(words []word) reading {
	letter := letterReading(words)
	if letter.words == 0 {
		letter = reading{words[0].text, 1, isLetter}
	}
	if len(letter.text) != 1 || letter.text[0] < 'a' || letter.text[0] > 'z' {
		return reading{}
	}
	for _, between := range [][]string{{"as", "in"}, {"for"}, {"like"}, {"is", "for"}} {
		n := letter.words + len(between)
		if n < len(words) && slices.EqualFunc(words[letter.words:n], between, func(w word, s string) bool { return w.text == s }) &&
			strings.HasPrefix(words[n].text, letter.text) {
			return reading{letter.text, n + 1, isLetter}
		}
	}
	return reading{}
}
