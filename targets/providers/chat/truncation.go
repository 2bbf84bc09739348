package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// liesAboutStop returns why a reply that ended with "stop" was cut off; "" if
// nothing says so.
//
//   - The service counts as many tokens as the campaign allows: servers are known
//     that say stop where the limit ended the reply.
//   - The text ends in the middle of a sentence, by [endsWithinSentence], and the
//     service is not the provider's own, whose word is taken.
func (a *answer) liesAboutStop(text string) string {
	config := &a.target.config
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
