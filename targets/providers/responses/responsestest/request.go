package responsestest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Request is what a client asks.
type Request struct {
	Model        string   `json:"model"`
	Instructions string   `json:"instructions"`
	Input        []Item   `json:"input"`
	Stream       bool     `json:"stream"`
	Store        *bool    `json:"store"`
	Truncation   string   `json:"truncation"`
	Include      []string `json:"include"`
	Previous     string   `json:"previous_response_id"`
}

// Item is one item of the input.
type Item struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Arguments *string         `json:"arguments"`
	Output    string          `json:"output"`
	Encrypted string          `json:"encrypted_content"`
	Approval  string          `json:"approval_request_id"`
	Approve   bool            `json:"approve"`
}

// Text returns the texts of a message, or the output of a call.
func (it Item) Text() string {
	var text string
	if it.Output != "" {
		return it.Output
	}
	if json.Unmarshal(it.Content, &text) == nil {
		return text
	}
	var parts []struct{ Text, Refusal string }
	_ = json.Unmarshal(it.Content, &parts) // what is no list says nothing
	var texts []string
	for _, p := range parts {
		texts = append(texts, p.Text+p.Refusal)
	}
	return strings.Join(texts, "")
}

// check returns what is wrong with a request; "" for nothing.
func (r *Request) check() string {
	switch {
	case r.Model == "":
		return "Missing required parameter: 'model'."
	case len(r.Input) == 0:
		return "Missing required parameter: 'input'."
	case r.Store == nil || *r.Store || r.Previous != "":
		return "This server stores nothing."
	case r.Truncation != "disabled":
		return "This server does not truncate."
	}
	var open []string
	for i, it := range r.Input {
		if wrong := it.check(&open, r.Input[i+1:]); wrong != "" {
			return fmt.Sprintf("Invalid 'input[%d]': %s", i, wrong)
		}
	}
	if len(open) > 0 {
		return "No tool output found for function call " + open[0] + "."
	}
	return ""
}

func (it Item) check(open *[]string, after []Item) string {
	switch it.Type {
	case "", "message":
		if !slices.Contains([]string{"system", "developer", "user", "assistant"}, it.Role) || len(it.Content) == 0 || string(it.Content) == "[]" {
			return fmt.Sprintf("a message of %q with the content %s", it.Role, it.Content)
		}
	case "function_call", "custom_tool_call":
		if it.CallID == "" || it.Type == "function_call" && it.Arguments == nil {
			return "a call without call_id or arguments"
		}
		*open = append(*open, it.CallID)
	case "mcp_approval_request":
		*open = append(*open, it.ID)
	case "function_call_output", "custom_tool_call_output", "mcp_approval_response":
		place := slices.Index(*open, it.CallID+it.Approval)
		if place < 0 {
			return "No tool call found for function call output with call_id " + it.CallID + "."
		}
		*open = slices.Delete(*open, place, place+1)
	case "reasoning":
		if it.Encrypted == "" {
			return "Item with id '" + it.ID + "' not found. Items are not persisted when `store` is set to false."
		}
		if len(after) == 0 || after[0].Role == "user" {
			return "Item '" + it.ID + "' of type 'reasoning' was provided without its required following item."
		}
	}
	return ""
}
