package openaiapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// BlockedBy returns what a filter objected to, where an error is its refusal; "" for
// any other error.
func BlockedBy(e access.ErrorObject, body []byte) string {
	if why := service.Flagged(e, body); why != "" {
		return why
	}
	policy := strings.Contains(strings.ToLower(e.Message), "policy")
	switch {
	case e.Filtered(), slices.ContainsFunc([]string{e.Code, e.Type}, isPolicy),
		e.Code == "invalid_prompt" && policy, strings.Contains(string(body), `"ResponsibleAIPolicyViolation"`):
	default:
		return ""
	}
	why := e.Text()
	if names := objections(body); len(names) > 0 {
		why += " (" + strings.Join(names, ", ") + ")"
	}
	return why
}

// isPolicy reports whether the code or type of an error is that of a policy's violation.
func isPolicy(name string) bool {
	return slices.Contains([]string{
		"content_policy_violation", "image_content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked", "bio_policy",
		"misalignment_policy_violation",
	}, name)
}

// objections are the categories that Azure names in an error. The member that holds them
// has two names, and so has the one around it.
func objections(body []byte) []string {
	type results struct {
		One  FilterResults `json:"content_filter_result"`
		Many FilterResults `json:"content_filter_results"`
	}
	var azure struct {
		Error struct {
			Inner results `json:"innererror"`
			Other results `json:"inner_error"`
		} `json:"error"`
	}
	_ = lenient.Unmarshal(body, &azure) // other services say it in the message alone
	var names []string
	for _, r := range []results{azure.Error.Inner, azure.Error.Other} {
		names = append(append(names, r.One.Filtered()...), r.Many.Filtered()...)
	}
	return names
}

// most is the number of names or warnings of one reply that are kept.
const most = 64

// Add adds texts to a list, each once, up to 64 of them: a service may send any number.
func Add(list []string, more ...string) []string {
	for _, text := range more {
		if len(list) < most && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// Unique returns names in alphabetical order, each once.
func Unique(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// FilterResults are what Azure's content filter says, by its categories.
type FilterResults map[string]json.RawMessage

// filterResult is one category.
type filterResult struct {
	Filtered bool   `json:"filtered"`
	Severity string `json:"severity"`
}

// Filtered returns the categories for which content was filtered, in order.
func (f FilterResults) Filtered() []string {
	var names []string
	for name, data := range f {
		var list []filterResult
		if json.Unmarshal(data, &list) != nil { // older versions have lists of blocklists
			var result filterResult
			_ = lenient.Unmarshal(data, &result) // what is no object says nothing
			list = []filterResult{result}
		}
		i := slices.IndexFunc(list, func(r filterResult) bool { return r.Filtered })
		switch {
		case i < 0:
		case list[i].Severity != "":
			names = append(names, name+" ("+list[i].Severity+")")
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Failed returns why the filter did not run; "" if it did.
func (f FilterResults) Failed() string {
	if lenient.IsNull(f["error"]) {
		return ""
	}
	var why struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(f["error"], &why) // what is not an object says nothing
	return strings.TrimPrefix(why.Code+": "+why.Message, ": ")
}
