package chat

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
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
	r := core.Reply{
		Message: message, Finish: finish, Detail: detail, Usage: a.usage.usage(), Timing: a.timing,
		RateLimits: a.limits, Warnings: a.warnings,
	}
	ending.Doubt(&r, "the service")
	return r, nil
}

// broken makes the reply of an answer that failed with an error: nothing, where
// nothing had come.
func (a *answer) broken(why error) (core.Reply, error) { return a.reply.Broken(why, a.build) }

// completeCalls gives calls without an identifier or a name one of their own: results
// name it.
func (a *answer) completeCalls() {
	taken := map[string]bool{}
	for i, c := range a.calls {
		if c.ID == "" || taken[c.ID] {
			c.ID = fmt.Sprintf("call_%d", i+1)
		}
		if c.Name == "" {
			c.Name = "unnamed"
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
	calls, ending := len(m.Of(core.ToolCall)) > 0, openaiapi.EndingOf(finish)
	switch {
	case a.blocked != "":
		return core.FinishBlocked, a.blocked
	case a.reply.Full() != "":
		return core.FinishTruncated, a.reply.Full()
	case a.tooLarge != "":
		return core.FinishTruncated, a.tooLarge
	case ending == openaiapi.Filtered:
		return core.FinishBlocked, strings.TrimSuffix(finish+": "+strings.Join(openaiapi.Unique(a.flagged), ", "), ": ")
	case ending == openaiapi.Cut:
		return core.FinishTruncated, finish
	case !a.begun && len(a.flaggedPrompt) > 0:
		return a.promptFiltered()
	case finish == "":
		return core.FinishUnconfirmed, "the service does not say why the reply ended (finish_reason)"
	case ending != openaiapi.Whole:
		return core.FinishUnconfirmed, fmt.Sprintf("finish_reason %q, which the protocol does not have", finish)
	case !a.ended:
		return core.FinishUnconfirmed, "the stream ended without its last mark, [DONE]"
	case a.lost():
		return core.FinishUnconfirmed, fmt.Sprintf("the service counts %d tokens for a conversation of at least %d words: the model was not given all of it", a.usage.given(), a.words)
	case len(a.flagged) > 0:
		return core.FinishBlocked, "content_filter: " + strings.Join(openaiapi.Unique(a.flagged), ", ")
	case a.refused:
		return core.FinishBlocked, "refusal: the service marks the reply as the model's refusal"
	case m.Blank() && !calls && len(a.flaggedPrompt) > 0:
		return a.promptFiltered()
	case m.Blank() && !calls:
		return core.FinishUnconfirmed, "the reply is empty, although the service says " + finish + a.counted()
	case !calls && strings.Contains(strings.ToLower(finish), "call"):
		return core.FinishUnconfirmed, "the service says " + finish + ", and gives no call of a tool"
	}
	if why := a.liesAboutStop(m.Text(), calls); why != "" {
		return core.FinishTruncated, why
	}
	return core.FinishComplete, ""
}

// promptFiltered is the outcome where the filter let nothing of the messages through.
func (a *answer) promptFiltered() (core.Finish, string) {
	a.promptBlocked = true
	return core.FinishBlocked, "content_filter: the message was filtered: " + strings.Join(openaiapi.Unique(a.flaggedPrompt), ", ")
}

// counted says how many tokens the service counts in the reply.
func (a *answer) counted() string {
	if n := a.usage.counted(); n >= 0 {
		return fmt.Sprintf(" and counts %d tokens in it", n)
	}
	return ""
}
