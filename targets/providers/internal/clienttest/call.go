package clienttest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ToolCall is a call of a tool in a reply.
type ToolCall struct {
	ID        string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// NewToolCall returns a call.
func NewToolCall(id, name, arguments string) ToolCall {
	return ToolCall{ID: id, Name: name, Arguments: arguments}
}

// Results is the message with the results of calls, given as pairs of the call's
// identifier and the result's text.
func Results(pairs ...string) core.Message {
	m := core.Message{Role: core.Tool}
	for pair := range slices.Chunk(pairs, 2) {
		data, err := json.Marshal(map[string]string{"call_id": pair[0], "output": pair[1]})
		if err != nil {
			panic(err) // an object of texts always encodes
		}
		m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}})
	}
	return m
}

// Calls returns the calls of a reply.
func (s *Stage[S]) Calls(r core.Reply) []ToolCall {
	s.Helper()
	var calls []ToolCall
	for _, v := range r.Message.Of(core.ToolCall) {
		var c ToolCall
		if err := json.Unmarshal(v.Data, &c); err != nil {
			s.Errorf("a call is not JSON: %s", v.Data)
		}
		calls = append(calls, c)
	}
	return calls
}

// Thoughts returns what the model thought in a reply, with a bar between each.
func (s *Stage[S]) Thoughts(r core.Reply) string {
	var thoughts []string
	for _, v := range r.Message.Of(core.Reasoning) {
		thoughts = append(thoughts, v.Text())
	}
	return strings.Join(thoughts, "|")
}
