package gemini

import (
	"cmp"
	"fmt"
	"strings"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// failures are the reasons of an end that say that the model, or its tools, failed.
func failures() map[genai.FinishReason]bool {
	return map[genai.FinishReason]bool{
		genai.FinishReasonMalformedFunctionCall: true, genai.FinishReasonUnexpectedToolCall: true, genai.FinishReasonTooManyToolCalls: true,
	}
}

// blocks are the reasons of an end by which the service withholds an answer.
func blocks() map[genai.FinishReason]bool {
	return map[genai.FinishReason]bool{
		genai.FinishReasonSafety: true, genai.FinishReasonRecitation: true, genai.FinishReasonLanguage: true, genai.FinishReasonBlocklist: true,
		genai.FinishReasonProhibitedContent: true, genai.FinishReasonSPII: true, genai.FinishReasonImageSafety: true,
		genai.FinishReasonImageProhibitedContent: true, genai.FinishReasonImageRecitation: true,
	}
}

// build makes the reply of a whole answer.
func (a *answer) build() (core.Reply, error) {
	a.completeCalls()
	message, err := a.reply.Message()
	if err != nil {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "%w", err).About(core.SubjectAnswer)
	}
	finish, detail := a.outcome(message)
	return core.Reply{
		Message: message, Finish: finish, Detail: detail, Usage: a.usage.usage(), Timing: a.timing,
		RateLimits: a.limits, Warnings: a.warnings,
	}, nil
}

// broken makes the reply of an answer that failed with an error: nothing, where
// nothing had come.
func (a *answer) broken(why error) (core.Reply, error) { return a.reply.Broken(why, a.build) }

// outcome returns how the reply ended, and explains it.
func (a *answer) outcome(m core.Message) (core.Finish, string) {
	calls := len(m.WaitingCalls()) > 0
	switch {
	case a.blocked != "":
		return core.FinishBlocked, a.blocked
	case a.reply.Full() != "":
		return core.FinishTruncated, a.reply.Full()
	case a.tooLarge != "":
		return core.FinishTruncated, a.tooLarge
	case blocks()[a.finish]:
		return core.FinishBlocked, explained(string(a.finish), a.message, a.flagged)
	case a.finish == genai.FinishReasonMaxTokens:
		return core.FinishTruncated, string(a.finish)
	case a.finish == genai.FinishReasonContinuation:
		return core.FinishTruncated, "CONTINUATION: the service has not come to the end of the reply"
	case a.finish == "":
		return core.FinishUnconfirmed, "the service does not say why the reply ended (finishReason)"
	case a.finish != genai.FinishReasonStop:
		return core.FinishUnconfirmed, explained("finishReason "+string(a.finish)+", which says nothing about the reply", a.message, "")
	case a.unread != "":
		return core.FinishUnconfirmed, a.unread
	case a.flagged != "" || a.flaggedPrompt != "":
		return core.FinishUnconfirmed, "the service says STOP, and that it blocked content: " + cmp.Or(a.flagged, a.flaggedPrompt)
	case !calls && m.Blank():
		return core.FinishUnconfirmed, "the reply is empty, although the service says STOP" + a.counted()
	case calls:
		return core.FinishComplete, ""
	case strings.HasSuffix(m.Text(), "\uFFFD"):
		return core.FinishTruncated, "the service says STOP, and the text ends in the middle of a character"
	}
	if bound, n := a.target.config.bound(), a.usage.counted(); bound > 0 && n >= bound {
		return core.FinishTruncated, fmt.Sprintf("the service says STOP, and counts %d tokens of the %d that are allowed", n, bound)
	}
	return core.FinishComplete, ""
}

// counted says how many tokens the service counts in the reply.
func (a *answer) counted() string {
	if n := a.usage.counted(); n >= 0 {
		return fmt.Sprintf(" and counts %d tokens in it", n)
	}
	return ""
}
