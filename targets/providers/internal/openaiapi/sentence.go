package openaiapi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// leastWords is the number of words of a line from which on its end is judged.
const leastWords = 8

// EndsWithinSentence reports whether the last line of a text is prose that breaks
// off: it has at least eight words, one of them before the last ends a sentence, so
// that the writer uses full stops, and its last character is a letter, a comma, a
// hyphen or an opening bracket. Lists, tables, quotations, headings and code are no
// prose, and a line that ends with an address or a name in code is none, either.
func EndsWithinSentence(text string) bool {
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
