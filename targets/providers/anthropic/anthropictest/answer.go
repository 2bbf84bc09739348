package anthropictest

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Agent answers requests.
type Agent func(r *Request) Answer

// Answer is what an agent answers.
type Answer struct {
	// Thinking is signed; Redacted is a block of encrypted thinking.
	Thinking, Redacted, Text string
	Calls                    []Call
	// Stop is the stop_reason; "" is end_turn, or tool_use where there are calls.
	Stop string
}

// Call is a use of a tool; Input is a JSON object.
type Call struct{ ID, Name, Input string }

// Echo answers with the text of the last message.
func Echo(r *Request) Answer { return Answer{Text: r.last().Texts()} }

// Recall answers with the texts of all messages of the user.
func Recall(r *Request) Answer {
	var said []string
	for _, m := range r.Messages {
		if text := m.Texts(); m.Role == "user" && text != "" {
			said = append(said, strings.ReplaceAll(text, "\n", " and "))
		}
	}
	return Answer{Text: strings.Join(said, " then ")}
}

// Obey answers with the system prompt.
func Obey(r *Request) Answer {
	if r.System == "" {
		return Answer{Text: "no instructions"}
	}
	return Answer{Text: r.System}
}

// object is a JSON object.
type object = map[string]any

// Signature is that of all thinking.
const Signature = "c2lnbmVk"

// message is the answer in one piece. It counts a token for each word.
func (a Answer) message(r *Request) object {
	content := []any{}
	if a.Thinking != "" {
		content = append(content, object{"type": "thinking", "thinking": a.Thinking, "signature": Signature})
	}
	if a.Redacted != "" {
		content = append(content, object{"type": "redacted_thinking", "data": a.Redacted})
	}
	if a.Text != "" {
		content = append(content, object{"type": "text", "text": a.Text})
	}
	for _, c := range a.Calls {
		content = append(content, object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": json.RawMessage(c.Input)})
	}
	stop := a.Stop
	if stop == "" && a.Calls != nil {
		stop = "tool_use"
	} else if stop == "" {
		stop = "end_turn"
	}
	in := 0
	for _, m := range r.Messages {
		in += len(strings.Fields(m.Texts()))
	}
	thought := len(strings.Fields(a.Thinking))
	return object{
		"id": "msg_1", "type": "message", "role": "assistant", "model": r.Model, "content": content, "stop_reason": stop, "stop_sequence": nil,
		"usage": object{
			"input_tokens": in, "output_tokens": len(strings.Fields(a.Text)) + thought, "cache_creation_input_tokens": 10, "cache_read_input_tokens": 100,
			"output_tokens_details": object{"thinking_tokens": thought},
		},
	}
}

// events are a message in pieces.
func events(message object) []object {
	start := maps.Clone(message)
	start["content"], start["stop_reason"] = []any{}, nil
	delete(start, "stop_details")
	delta := object{"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
	if details := message["stop_details"]; details != nil {
		delta["stop_details"] = details
	}
	end := object{"type": "message_delta", "delta": delta}
	if usage, ok := message["usage"].(object); ok {
		early := maps.Clone(usage)
		early["output_tokens"] = 1 // it is counted up to the last event
		delete(early, "output_tokens_details")
		start["usage"] = early
		end["usage"] = object{"output_tokens": usage["output_tokens"], "output_tokens_details": usage["output_tokens_details"]}
	}
	all := []object{{"type": "message_start", "message": start}, {"type": "ping"}}
	content, _ := message["content"].([]any)
	for i, b := range content {
		all = append(all, blockEvents(i, b)...)
	}
	return append(all, end, object{"type": "message_stop"})
}

func blockEvents(index int, b any) []object {
	block, ok := b.(object)
	if !ok {
		return []object{{"type": "content_block_start", "index": index, "content_block": b}}
	}
	empty := maps.Clone(block)
	var deltas []object
	switch block["type"] {
	case "text":
		empty["text"] = ""
		for _, word := range clienttest.Words(block["text"].(string)) {
			deltas = append(deltas, object{"type": "text_delta", "text": word})
		}
	case "thinking":
		empty["thinking"], empty["signature"] = "", ""
		deltas = append(deltas, object{"type": "thinking_delta", "thinking": block["thinking"]}, object{"type": "signature_delta", "signature": block["signature"]})
	case "tool_use", "server_tool_use", "mcp_tool_use":
		empty["input"] = object{}
		if input, ok := block["input"].(json.RawMessage); ok && string(input) != "{}" {
			half := len(input) / 2
			deltas = append(deltas, object{"type": "input_json_delta", "partial_json": ""}, object{"type": "input_json_delta", "partial_json": string(input[:half])},
				object{"type": "input_json_delta", "partial_json": string(input[half:])})
		}
	}
	all := []object{{"type": "content_block_start", "index": index, "content_block": empty}}
	for _, d := range deltas {
		all = append(all, object{"type": "content_block_delta", "index": index, "delta": d})
	}
	return append(all, object{"type": "content_block_stop", "index": index})
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // objects of texts and numbers always encode
	}
	return data
}
