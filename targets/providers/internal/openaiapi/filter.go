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
	case e.Filtered(), slices.Contains([]string{"content_policy_violation", "image_content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked", "bio_policy", "misalignment_policy_violation"}, e.Code),
		e.Code == "invalid_prompt" && policy, strings.Contains(string(body), `"ResponsibleAIPolicyViolation"`):
	default:
		return ""
	}
	var azure struct {
		Error struct {
			Inner struct {
				Results FilterResults `json:"content_filter_result"`
			} `json:"innererror"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &azure) // other services say it in the message alone
	why := e.Text()
	if names := azure.Error.Inner.Results.Filtered(); len(names) > 0 {
		why += " (" + strings.Join(names, ", ") + ")"
	}
	return why
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
		var result filterResult
		if json.Unmarshal(data, &result) == nil && result.Filtered {
			if result.Severity != "" {
				name += " (" + result.Severity + ")"
			}
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
