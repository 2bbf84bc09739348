package openaiapi

import (
	"strings"
	"unicode"
)

// wordsOfAToken is how many words a token holds at most, on average. Nearly every
// tokenizer splits a text at its spaces first, so that a token holds one. Those that
// join words (SuperBPE) need two thirds as many tokens.
const wordsOfAToken = 4

// Lost reports whether a service counts fewer tokens than a number of words have in any
// tokenizer, so that it dropped a part of them. A count of 0 says nothing, since services
// send it that count none.
func Lost(tokens int64, words int) bool {
	return tokens > 0 && tokens < int64(words/wordsOfAToken)
}

// CountWords counts the words of a text: what stands between white space, has a letter
// or a digit, and is not the same as the word before. A text in a script without spaces
// is one word, and so are base64 and a letter or word that is repeated.
func CountWords(text string) int {
	n, last := 0, ""
	for word := range strings.FieldsSeq(text) {
		if word != last && strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n, last = n+1, word
		}
	}
	return n
}
