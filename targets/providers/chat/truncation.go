package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordsOfAToken is how many words a token holds at most, on average. Nearly every
// tokenizer splits a text at its spaces first, so that a token holds one. Those that
// join words (SuperBPE) need two thirds as many tokens.
const wordsOfAToken = 4

// lost reports whether the service counts fewer tokens than the words that it was sent
// have in any tokenizer: it dropped a part of them. A count of 0 says nothing, since
// services send it that count none.
func (a *answer) lost() bool {
	n := a.usage.given()
	return n > 0 && n < int64(a.words/wordsOfAToken)
}

// countWords counts the words of a text: what stands between white space, has a letter
// or a digit, and is not the same as the word before. A text in a script without spaces
// is one word, and so are base64 and a letter or word that is repeated.
func countWords(text string) int {
	n, last := 0, ""
	for word := range strings.FieldsSeq(text) {
		if word != last && strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			n, last = n+1, word
		}
	}
	return n
}

// liesAboutStop returns why a reply that ended with "stop" was cut off; "" if
// nothing says so.
//
//   - The text ends with U+FFFD, which stands for a character of which a part is missing.
//   - The service counts as many tokens as the campaign allows: servers are known
//     that say stop where the limit ended the reply.
//   - The text ends in the middle of a sentence, by [endsWithinSentence], and the
//     service is not the provider's own, whose word is taken.
func (a *answer) liesAboutStop(text string) string {
	config := &a.target.config
	if strings.HasSuffix(text, "\uFFFD") {
		return "the service says stop, and the text ends in the middle of a character"
	}
	if bound, n := config.bound(), a.usage.counted(); bound > 0 && n >= bound {
		return fmt.Sprintf("the service says stop, and counts %d tokens of the %d that are allowed", n, bound)
	}
	if len(config.Stop) > 0 || a.target.endpoint.official {
		return "" // a stop text may end a sentence anywhere
	}
	if endsWithinSentence(text) {
		return "the service says stop, and the text ends in the middle of a sentence"
	}
	return ""
}

// leastWords is the number of words of a line from which on its end is judged.
const leastWords = 8

// endsWithinSentence reports whether the last line of a text is prose that breaks
// off: it has at least eight words, one of them before the last ends a sentence, so
// that the writer uses full stops, and its last character is a letter, a comma, a
// hyphen or an opening bracket. Lists, tables, quotations, headings and code are no
// prose, and a line that ends with an address or a name in code is none, either.
func endsWithinSentence(text string) bool {
	if strings.Count(text, "```")%2 == 1 {
		return false
	}
	line := strings.TrimSpace(text)
	line = strings.TrimSpace(line[strings.LastIndexByte(line, '\n')+1:])
	words := strings.Fields(line)
	if len(words) < leastWords || strings.ContainsRune("-*+•#|>`0123456789", firstOf(words[0])) {
		return false
	}
	last := words[len(words)-1]
	if strings.ContainsAny(last, "/@_`=<>{}\\") {
		return false
	}
	ended := false
	for _, w := range words[:len(words)-1] {
		w = strings.TrimRight(w, `"'”’)*_`)
		ended = ended || len(w) > 2 && strings.ContainsRune(".!?", lastOf(w)) && !strings.Contains(w[:len(w)-1], ".")
	}
	end := lastOf(last)
	return ended && (unicode.IsLetter(end) || strings.ContainsRune(",-–—([", end))
}

func firstOf(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastOf(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
