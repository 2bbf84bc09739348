package chat

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
)

// lost reports whether the service counts fewer tokens than the words that it was sent
// have in any tokenizer.
func (a *answer) lost() bool { return openaiapi.Lost(a.usage.given(), a.words) }

// liesAboutStop returns why a reply that ended with "stop" was cut off; "" if
// nothing says so.
//
//   - The service counts as many tokens as the campaign allows: servers are known
//     that say stop where the limit ended the reply.
//   - The text ends in the middle of a sentence, by [openaiapi.EndsWithinSentence], and the
//     service is not the provider's own, whose word is taken.
//
// Where calls of tools follow it, the text may end anywhere.
func (a *answer) liesAboutStop(text string, calls bool) string {
	config := &a.target.config
	if bound, n := config.bound(), a.usage.counted(); bound > 0 && n >= bound {
		return fmt.Sprintf("the service says %s, and counts %d tokens of the %d that are allowed", *a.finish, n, bound)
	}
	if calls || len(config.Stop) > 0 || a.target.endpoint.Official {
		return "" // a stop text may end a sentence anywhere
	}
	if openaiapi.EndsWithinSentence(text) {
		return "the service says stop, and the text ends in the middle of a sentence"
	}
	return ""
}
