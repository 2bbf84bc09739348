package service

import (
	"bytes"
	"encoding/json"
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
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
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

// Flagged returns what a gateway's filter objected to, where an error is its refusal;
// "" for any other error. LiteLLM names its exception, OpenRouter gives its reasons.
func Flagged(e access.ErrorObject, body []byte) string {
	var metadata struct {
		Reasons []string `json:"reasons"`
		Input   *string  `json:"flagged_input"`
	}
	for _, at := range [][]string{{"metadata"}, {"error", "metadata"}} {
		_ = json.Unmarshal(member(body, at), &metadata) // other services have other members
	}
	switch {
	case strings.Contains(e.Message, "ContentPolicyViolationError"):
		return e.Text()
	case len(metadata.Reasons) > 0:
		return e.Text() + " (" + strings.Join(metadata.Reasons, ", ") + ")"
	case metadata.Input != nil:
		return e.Text()
	}
	return ""
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
