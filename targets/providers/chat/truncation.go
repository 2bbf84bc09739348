package chat

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
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
//   - The text ends in the middle of a sentence, by [openaiapi.EndsWithinSentence], and the
//     service is not the provider's own, whose word is taken.
func (a *answer) liesAboutStop(text string) string {
	config := &a.target.config
	if strings.HasSuffix(text, "\uFFFD") {
		return "the service says stop, and the text ends in the middle of a character"
	}
	if bound, n := config.bound(), a.usage.counted(); bound > 0 && n >= bound {
		return fmt.Sprintf("the service says stop, and counts %d tokens of the %d that are allowed", n, bound)
	}
	if len(config.Stop) > 0 || a.target.endpoint.Official {
		return "" // a stop text may end a sentence anywhere
	}
	if openaiapi.EndsWithinSentence(text) {
		return "the service says stop, and the text ends in the middle of a sentence"
	}
	return ""
}
