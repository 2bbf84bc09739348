package service

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
)

// Empty reports whether the member of an answer that would be an error is none: it is
// missing, or has the form of nothing, as servers give it beside a good answer.
func Empty(data json.RawMessage) bool {
	var value any
	if json.Unmarshal(data, &value) != nil {
		return len(data) == 0
	}
	return isNothing(value)
}

// isNothing reports whether a value of JSON is null, false, 0 or empty, or has such
// members only.
func isNothing(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case string:
		return strings.TrimSpace(value) == ""
	case float64:
		return value == 0
	case []any:
		return !slices.ContainsFunc(value, func(v any) bool { return !isNothing(v) })
	case map[string]any:
		for _, member := range value {
			if !isNothing(member) {
				return false
			}
		}
		return true
	}
	return false
}

// IsError reports whether an object that has nothing of an answer says that it is an
// error: in a member error, detail or errors, by being an object or of a type "error", or,
// without a type, by a message beside a code or status, as it stands within errors.
func IsError(data []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return false
	}
	for _, name := range []string{"object", "type"} {
		if bytes.Equal(object[name], []byte(`"error"`)) {
			return true
		}
	}
	if object["type"] == nil && !Empty(object["message"]) && (!Empty(object["code"]) || !Empty(object["status"])) {
		return true
	}
	return !lenient.IsNull(object["error"]) || !Empty(object["detail"]) || !Empty(object["errors"])
}

// Flagged returns what the filter of a gateway or of a compatible service objected to,
// where an error is its refusal; "" for any other error. OpenRouter gives its reasons, Zhipu
// the side on which it found something; the others are told by a code or by their words.
func Flagged(e access.ErrorObject, body []byte) string {
	var metadata struct {
		Reasons []string `json:"reasons"`
		Input   *string  `json:"flagged_input"`
	}
	var zhipu struct {
		Sides []json.RawMessage `json:"contentFilter"`
	}
	_ = json.Unmarshal(body, &zhipu) // other services have no such member
	for _, at := range [][]string{{"metadata"}, {"error", "metadata"}} {
		_ = json.Unmarshal(member(body, at), &metadata) // other services have other members
	}
	switch {
	case len(zhipu.Sides) > 0, isGuarded(e):
		return e.Text()
	case len(metadata.Reasons) > 0:
		return e.Text() + " (" + strings.Join(metadata.Reasons, ", ") + ")"
	case metadata.Input != nil:
		return e.Text()
	}
	return ""
}

// isGuarded reports whether an error is that of a filter, by its code, its type or its
// words.
func isGuarded(e access.ErrorObject) bool {
	return slices.ContainsFunc([]string{e.Code, e.Type}, func(name string) bool {
		return slices.Contains([]string{"data_inspection_failed", "DataInspectionFailed", "hooks_failed"}, name) // Alibaba, Portkey
	}) || slices.ContainsFunc([]string{
		"ContentPolicyViolationError", "Violated guardrail policy", "Violated content safety policy", // LiteLLM
		"Content Exists Risk",                    // DeepSeek
		"Content violates usage guidelines",      // xAI
		"blocked due to security configurations", // Cloudflare
	}, func(words string) bool { return strings.Contains(e.Message, words) })
}

// member returns a member of an object by its path; nil for none.
func member(data json.RawMessage, path []string) json.RawMessage {
	for _, name := range path {
		var object map[string]json.RawMessage
		_ = json.Unmarshal(data, &object) // what is no object has no members
		data = object[name]
	}
	return data
}
