package template

import (
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// TextOf returns a message's texts, byte for byte.
func TextOf(m core.Message) string {
	var texts []string
	for _, v := range m.Of(core.Text) {
		texts = append(texts, v.Text())
	}
	return strings.Join(texts, "\n")
}

// SaysNothing reports whether a message is what a request before or after a trial says
// where the campaign gives it no text: such a request need not carry it.
func SaysNothing(m core.Message) bool {
	text := TextOf(m)
	return text == "before_trial" || text == "after_trial"
}

// MessagesOf returns messages as chat services have them: objects with role and
// content, those of tools with tool_call_id, and tool_calls beside what an
// assistant says.
func MessagesOf(messages []core.Message) []any {
	all := make([]any, 0, len(messages)) // a JSON list, also where it is empty
	for _, m := range messages {
		if results := ResultsOf(m); len(results) > 0 {
			for _, r := range results {
				result, _ := r.(map[string]any)
				all = append(all, map[string]any{"role": string(core.Tool), "tool_call_id": result["call_id"], "content": result["output"]})
			}
			continue
		}
		message := map[string]any{"role": string(m.Role), "content": spoken(m)}
		if calls := callsOf(m); len(calls) > 0 {
			message["tool_calls"] = calls
		}
		all = append(all, message)
	}
	return all
}

// spoken returns a message's text; that of a sound is what it was made from.
func spoken(m core.Message) string {
	if text := TextOf(m); text != "" {
		return text
	}
	for _, p := range m.Parts {
		if p.Original != nil && p.Original.Modality == core.Text {
			return p.Original.Text()
		}
	}
	return ""
}

// callsOf returns the tool calls of a message.
func callsOf(m core.Message) []any {
	var all []any
	for _, v := range m.Of(core.ToolCall) {
		var call struct {
			ID        string          `json:"call_id"`
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		}
		if json.Unmarshal(v.Data, &call) != nil {
			continue // the target's own parts decode
		}
		arguments := string(call.Arguments)
		var text string
		if json.Unmarshal(call.Arguments, &text) == nil {
			arguments = text
		}
		all = append(all, map[string]any{
			"id": call.ID, "type": "function", "function": map[string]any{"name": call.Name, "arguments": arguments},
		})
	}
	return all
}

// ResultsOf returns the tool results of a message: objects with call_id and output.
func ResultsOf(m core.Message) []any {
	all := []any{}
	for _, v := range m.Of(core.ToolResult) {
		if result, err := Unmarshal(v.Data); err == nil {
			all = append(all, result)
		}
	}
	return all
}
