package chat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
)

// build makes the reply of a whole answer.
func (a *answer) build() (core.Reply, error) {
	a.completeCalls()
	a.splitThoughts()
	message, err := a.reply.Message()
	if err != nil {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "%w", err).About(core.SubjectAnswer)
	}
	finish, detail := a.outcome(message)
	for _, filtered := range []struct {
		of    string
		names []string
	}{{"the reply", a.flagged}, {"the message", a.flaggedPrompt}} {
		if len(filtered.names) > 0 && finish != core.FinishBlocked {
			a.warn("the service's content filter flagged %s: %s", filtered.of, strings.Join(openaiapi.Unique(filtered.names), ", "))
		}
	}
	return core.Reply{
		Message: message, Finish: finish, Detail: detail, Usage: a.usage.usage(), Timing: a.timing,
		RateLimits: a.limits, Warnings: a.warnings,
	}, nil
}

// broken makes the reply of an answer that failed with an error: nothing, where
// nothing had come.
func (a *answer) broken(why error) (core.Reply, error) { return a.reply.Broken(why, a.build) }

// completeCalls gives calls without an identifier one of their own: results name it.
func (a *answer) completeCalls() {
	taken := map[string]bool{}
	for i, c := range a.calls {
		if c.ID == "" || taken[c.ID] {
			c.ID = fmt.Sprintf("call_%d", i+1)
		}
		taken[c.ID] = true
	}
}

// outcome returns how the reply ended, and explains it.
func (a *answer) outcome(m core.Message) (core.Finish, string) {
	finish := ""
	if a.finish != nil {
		finish = *a.finish
	}
	calls := len(m.Of(core.ToolCall)) > 0
	switch {
	case a.blocked != "":
		return core.FinishBlocked, a.blocked
	case a.reply.Full() != "":
		return core.FinishTruncated, a.reply.Full()
	case a.tooLarge != "":
		return core.FinishTruncated, a.tooLarge
	case finish == "content_filter":
		return core.FinishBlocked, strings.TrimSuffix("content_filter: "+strings.Join(openaiapi.Unique(a.flagged), ", "), ": ")
	case finish == "length", finish == "max_tokens", finish == "model_length":
		return core.FinishTruncated, finish
	case finish == "":
		return core.FinishUnconfirmed, "the service does not say why the reply ended (finish_reason)"
	case !slices.Contains(wholeReasons(), finish):
		return core.FinishUnconfirmed, fmt.Sprintf("finish_reason %q, which the protocol does not have", finish)
	case !a.ended:
		return core.FinishUnconfirmed, "the stream ended without its last mark, [DONE]"
	case a.lost():
		return core.FinishUnconfirmed, fmt.Sprintf("the service counts %d tokens for a conversation of at least %d words: the model was not given all of it", a.usage.given(), a.words)
	case len(a.flagged) > 0:
		return core.FinishBlocked, "content_filter: " + strings.Join(openaiapi.Unique(a.flagged), ", ")
	case a.refusal != "":
		return core.FinishBlocked, "refusal: the service marks the reply as the model's refusal"
	case m.Blank() && !calls && len(a.flaggedPrompt) > 0:
		a.promptBlocked = true
		return core.FinishBlocked, "content_filter: the message was filtered: " + strings.Join(openaiapi.Unique(a.flaggedPrompt), ", ")
	case m.Blank() && !calls:
		return core.FinishUnconfirmed, "the reply is empty, although the service says " + finish + a.counted()
	case calls:
		return core.FinishComplete, ""
	}
	if why := a.liesAboutStop(m.Text()); why != "" {
		return core.FinishTruncated, why
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
