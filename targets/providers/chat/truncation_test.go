package chat

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
)

// different returns a text of n words.
func different(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "word%d ", i)
	}
	return text.String()
}

func TestOnlyACountThatNoTokenizerReachesSaysThatTheConversationWasNotGiven(t *testing.T) {
	for _, test := range []struct {
		name           string
		text           string
		tokens, cached lenient.Count
		lost           bool
	}{
		{"more words than four a token", different(40), 9, 0, true},
		{"a token for each four words", different(40), 10, 0, false},
		{"a remainder is no token", different(43), 10, 0, false},
		{"a context of Ollama's default, cut", different(20_000), 4096, 0, true},
		{"a token for each word, which is the least that most tokenizers need", different(20_000), 20_000, 0, false},
		{"two words a token, as in SuperBPE", different(20_000), 10_000, 0, false},
		{"a count of none", different(40), 0, 0, false},
		{"a negative count", different(40), -1, 0, false},
		{"tokens of a cache beside the others", different(40), 1, 9, false},
		{"too few of both", different(40), 1, 8, true},
		{"a negative count of a cache", different(40), 10, -5, false},
		{"one token of a short text", "What is the vault code?", 1, 0, false},
		{"no text", "", 1, 0, false},
		{"Chinese", strings.Repeat("好的。这是您要的信息，金库的密码在第二个房间里。", 100), 9, 0, false},
		{"Thai", strings.Repeat("สวัสดีครับผมอยากทราบรหัสของห้องนิรภัย", 100), 9, 0, false},
		{"a long word", strings.Repeat("Donaudampfschifffahrtsgesellschaft", 100), 1, 0, false},
		{"base64", base64.StdEncoding.EncodeToString([]byte(different(1000))), 9, 0, false},
		{"a letter repeated", strings.Repeat("a", 10_000), 9, 0, false},
		{"a letter repeated with spaces", strings.Repeat("a ", 10_000), 9, 0, false},
		{"a word repeated", strings.Repeat("company ", 10_000), 9, 0, false},
		{"white space", strings.Repeat(" \n\t\u3000", 10_000), 9, 0, false},
		{"a line drawn", strings.Repeat("- = ", 10_000), 9, 0, false},
		{"letters spaced out", strings.Repeat("v a u l t  c o d e ", 10), 22, 0, false},
		{"too few for letters spaced out", strings.Repeat("v a u l t  c o d e ", 10), 21, 0, true},
	} {
		a := answer{words: openaiapi.CountWords(test.text), usage: &usage{Prompt: &test.tokens}}
		a.usage.In.Cached = &test.cached
		if got := a.lost(); got != test.lost {
			t.Errorf("%s: %d words and %d tokens: lost is %v", test.name, a.words, a.usage.given(), got)
		}
	}
	if a := (&answer{words: 1000}); a.lost() {
		t.Error("a service that counts nothing has lost something")
	}
	if a := (&answer{words: 1000, usage: &usage{}}); a.lost() {
		t.Error("a service that counts no prompt has lost something")
	}
}
