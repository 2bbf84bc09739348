package anthropic

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// maxPauses bounds how often a reply that the service paused is gone on with.
const maxPauses = 8

// paused reports whether the service has paused the reply, to be asked to go on.
func (a *answer) paused() bool {
	return a.end.StopReason == anthropic.StopReasonPauseTurn && a.tooLarge == "" && a.reply.Full() == "" && a.pauses < maxPauses
}

// goOn prepares the answer for that to the next request.
func (a *answer) goOn() {
	a.pauses++
	a.before, a.usage = plus(a.before, a.usage.usage()), usage{}
	a.end, a.begun, a.ended, a.first = end{}, false, false, len(a.blocks)
}

// blocked says why the service withheld the answer; "" if it did not.
func (a *answer) blocked() string {
	switch {
	case a.filtered != "":
		return a.filtered
	case a.end.StopReason != anthropic.StopReasonRefusal:
		return ""
	}
	why := "refusal"
	if category := a.end.StopDetails.Category; category != "" {
		why += " (" + category + ")"
	}
	if explanation := strings.TrimSpace(a.end.StopDetails.Explanation); explanation != "" {
		why += ": " + service.Shown([]byte(explanation))
	}
	return why
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
		Message: message, Finish: finish, Detail: detail, Usage: plus(a.before, a.usage.usage()), Timing: a.timing,
		RateLimits: a.limits, Warnings: a.warnings,
	}, nil
}

// broken makes the reply of an answer that failed with an error: nothing, where
// nothing had come.
func (a *answer) broken(why error) (core.Reply, error) { return a.reply.Broken(why, a.build) }

// completeCalls gives calls without arguments empty ones, and those without an identifier,
// or with that of another call, one of their own: results name it. The service's own calls
// keep theirs, and wait for no result: one whose result did not come has an empty one.
func (a *answer) completeCalls() {
	taken := map[string]bool{}
	for i, b := range a.blocks {
		if b.call == nil {
			continue
		}
		if len(b.call.Arguments) == 0 {
			b.call.Argue("{}")
		}
		if b.call.ID == "" || taken[b.call.ID] && !b.isCarriedOut() {
			b.call.ID = fmt.Sprintf("call_%d", i+1)
		}
		taken[b.call.ID] = true
		if b.isCarriedOut() {
			a.reply.Result(b.key, b.call.ID, "")
		}
	}
}

// cutCall returns the name of a call whose arguments are not JSON, although the protocol
// has only objects: they were cut off. ok is false for none.
func (a *answer) cutCall() (name string, ok bool) {
	for _, b := range a.blocks {
		if b.call != nil && !json.Valid(b.call.Arguments) {
			return b.call.Name, true
		}
	}
	return "", false
}

// outcome returns how the reply ended, and explains it.
func (a *answer) outcome(m core.Message) (core.Finish, string) {
	calls := len(m.WaitingCalls()) > 0
	if why := a.blocked(); why != "" {
		return core.FinishBlocked, why
	}
	switch {
	case a.reply.Full() != "":
		return core.FinishTruncated, a.reply.Full()
	case a.tooLarge != "":
		return core.FinishTruncated, a.tooLarge
	}
	switch reason := a.end.StopReason; reason {
	case anthropic.StopReasonMaxTokens, anthropic.StopReasonModelContextWindowExceeded:
		return core.FinishTruncated, string(reason)
	case anthropic.StopReasonPauseTurn:
		return core.FinishTruncated, fmt.Sprintf("pause_turn: the service paused the reply %d times", a.pauses+1)
	case "":
		return core.FinishUnconfirmed, "the service does not say why the reply ended (stop_reason)"
	case anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence, anthropic.StopReasonToolUse:
		return a.stopped(m, calls)
	default:
		return core.FinishUnconfirmed, fmt.Sprintf("stop_reason %s, which says nothing about the reply", service.Shown([]byte(reason)))
	}
}

// wholeReasons are the reasons of the end of a reply that the model has ended.
func wholeReasons() []anthropic.StopReason {
	return []anthropic.StopReason{anthropic.StopReasonEndTurn, anthropic.StopReasonStopSequence, anthropic.StopReasonToolUse}
}

// stopped judges a reply that the service says was ended by the model.
func (a *answer) stopped(m core.Message, calls bool) (core.Finish, string) {
	reason, n := a.end.StopReason, a.usage.counted()
	counts := ""
	if n >= 0 {
		counts = fmt.Sprintf(" and counts %d tokens in it", n)
	}
	cutCall, isCut := a.cutCall()
	switch bound := int64(a.target.config.MaxTokens); {
	case a.unread != "":
		return core.FinishUnconfirmed, a.unread
	case isCut:
		return core.FinishTruncated, fmt.Sprintf("the service says %s, and the arguments of the call %q are not JSON", reason, cutCall)
	case reason == anthropic.StopReasonToolUse && !calls:
		return core.FinishUnconfirmed, "the service says tool_use, and the reply has no call"
	case !calls && m.Blank():
		return core.FinishUnconfirmed, fmt.Sprintf("the reply is empty, although the service says %s%s", reason, counts)
	case !calls && strings.HasSuffix(m.Text(), "\uFFFD"):
		return core.FinishTruncated, fmt.Sprintf("the service says %s, and the text ends in the middle of a character", reason)
	case !calls && n >= bound:
		return core.FinishTruncated, fmt.Sprintf("the service says %s, and counts %d tokens of the %d that are allowed", reason, n, bound)
	}
	return core.FinishComplete, ""
}
