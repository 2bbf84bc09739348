package responses

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// build makes the reply of a whole answer.
func (a *answer) build() (core.Reply, error) {
	for _, c := range a.calls {
		a.completeCall(c, c.place)
		if c.Name == "" {
			c.Name = "unnamed"
		}
	}
	if mode := a.target.config.ThinkTags; mode != "keep" && a.text != "" {
		a.reply.Split(a.text, func(text string) (reasoning, said string) { return reply.SplitThought(text, mode == "split_unopened") })
	}
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

// outcome returns how the reply ended, and explains it.
func (a *answer) outcome(m core.Message) (core.Finish, string) {
	switch {
	case a.blocked != "":
		return core.FinishBlocked, a.blocked
	case a.reply.Full() != "":
		return core.FinishTruncated, a.reply.Full()
	case a.tooLarge != "":
		return core.FinishTruncated, a.tooLarge
	case a.status == "incomplete", a.status == "completed" && a.reason != "":
		return a.incomplete()
	case a.status == "cancelled":
		return core.FinishInterrupted, "the service says that the reply was cancelled"
	case a.status == "":
		return core.FinishUnconfirmed, "the service does not say how the reply ended (status)"
	case a.status != "completed":
		return core.FinishUnconfirmed, fmt.Sprintf("the service says that the reply is %q", a.status)
	case openaiapi.Lost(a.usage.given(), a.words):
		return core.FinishUnconfirmed, fmt.Sprintf("the service counts %d tokens for a conversation of at least %d words: the model was not given all of it", a.usage.given(), a.words)
	case len(a.flagged) > 0:
		return core.FinishBlocked, "content_filter: " + strings.Join(openaiapi.Unique(a.flagged), ", ")
	case a.refused:
		return core.FinishBlocked, "refusal: the service marks the reply as the model's refusal"
	case a.cutItem == "incomplete":
		return core.FinishTruncated, "the service says completed, and that an item of the reply is incomplete"
	case a.cutItem != "":
		return core.FinishUnconfirmed, fmt.Sprintf("the service says completed, and that an item of the reply is %q", a.cutItem)
	case m.Blank() && len(a.waiting()) == 0 && len(a.flaggedPrompt) > 0:
		a.promptBlocked = true
		return core.FinishBlocked, "content_filter: the message was filtered: " + strings.Join(openaiapi.Unique(a.flaggedPrompt), ", ")
	case m.Blank() && len(a.waiting()) == 0:
		return core.FinishUnconfirmed, "the reply is empty, although the service says completed" + a.counted()
	}
	if why := a.liesAboutTheEnd(m.Text(), len(a.waiting()) > 0); why != "" {
		return core.FinishTruncated, why
	}
	return core.FinishComplete, ""
}

// incomplete returns how a reply ended that the service calls incomplete.
func (a *answer) incomplete() (core.Finish, string) {
	end := openaiapi.EndingOf(a.reason)
	switch {
	case end == openaiapi.Filtered:
		return core.FinishBlocked, strings.TrimSuffix(a.reason+": "+strings.Join(openaiapi.Unique(a.flagged), ", "), ": ")
	case end == openaiapi.Cut, a.reason == "max_messages":
		return core.FinishTruncated, a.reason
	case a.reason == "steered":
		return core.FinishInterrupted, a.reason
	case a.reason == "":
		return core.FinishUnconfirmed, "the service says that the reply is incomplete, and not why"
	}
	return core.FinishUnconfirmed, fmt.Sprintf("the reply is incomplete: %q, which the protocol does not have", a.reason)
}

// counted says how many tokens the service counts in the reply.
func (a *answer) counted() string {
	if n := a.usage.counted(); n >= 0 {
		return fmt.Sprintf(" and counts %d tokens in it", n)
	}
	return ""
}

// liesAboutTheEnd returns why a reply that is completed was cut off; "" if nothing
// says so: the service counts as many tokens as the campaign allows, or, where it is not
// the provider's own and no calls follow, the text ends in the middle of a sentence.
func (a *answer) liesAboutTheEnd(text string, calls bool) string {
	if bound, n := a.target.config.MaxOutputTokens, a.usage.counted(); bound != nil && n >= int64(*bound) {
		return fmt.Sprintf("the service says completed, and counts %d tokens of the %d that are allowed", n, *bound)
	}
	if !calls && !a.target.endpoint.Official && openaiapi.EndsWithinSentence(text) {
		return "the service says completed, and the text ends in the middle of a sentence"
	}
	return ""
}

// failed explains the error of a response, or of a stream. A filter's is a reply that
// is blocked.
func (a *answer) failed(object json.RawMessage) error {
	e, ok := access.ReadError(object)
	if !ok {
		return core.Errorf(core.ErrorUnavailable, "the reply failed, and the service does not say why: %s", service.Shown(object)).About(core.SubjectAnswer)
	}
	if why := openaiapi.BlockedBy(e, object); why != "" {
		a.blocked, a.ended = why, true
		a.promptBlocked = a.reply.Empty()
		return nil
	}
	if aboutImages(e.Code) {
		return e.Err("the reply failed", core.ErrorInput)
	}
	return service.Failed(e)
}

// aboutImages reports whether an error is that an image cannot be used.
func aboutImages(code string) bool {
	return strings.HasPrefix(code, "invalid_image") || slices.Contains([]string{
		"invalid_base64_image", "image_too_large", "image_too_small", "image_parse_error", "image_file_too_large",
		"unsupported_image_media_type", "empty_image_file", "failed_to_download_image", "image_file_not_found",
	}, code)
}
