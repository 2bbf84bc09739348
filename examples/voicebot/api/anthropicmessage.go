package api

import (
	"encoding/json"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

// anthropicMessage is the answer of Anthropic's Messages API.
type anthropicMessage struct {
	id, model string
	reply
}

func newAnthropicMessage(model string, r reply) anthropicMessage {
	return anthropicMessage{newID("msg_"), model, r}
}

// stopReason is why the message is over. A refusal has one of its own, and no text.
func (m anthropicMessage) stopReason() string {
	switch {
	case m.refusal != "" || m.finish == finishFilter:
		return "refusal"
	case m.calls != nil:
		return "tool_use"
	case m.finish == finishLength:
		return "max_tokens"
	case m.stopped != "":
		return "stop_sequence"
	}
	return "end_turn"
}

func (m anthropicMessage) content() []any {
	content := []any{}
	if m.text != "" {
		content = append(content, map[string]any{"type": "text", "text": m.text})
	}
	for _, c := range m.calls {
		content = append(content, m.use(c, json.RawMessage(c.Arguments)))
	}
	return content
}

func (m anthropicMessage) use(c call, input any) map[string]any {
	return map[string]any{"type": "tool_use", "id": c.id, "name": c.Name, "input": input}
}

func (m anthropicMessage) usage(out int) map[string]any {
	return map[string]any{"input_tokens": m.asked, "output_tokens": out, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
}

func (m anthropicMessage) body(content []any, reason any, usage map[string]any) map[string]any {
	return map[string]any{
		"id": m.id, "type": "message", "role": "assistant", "model": m.model, "content": content,
		"stop_reason": reason, "stop_sequence": orNull(m.stopped), "usage": usage,
	}
}

func (m anthropicMessage) whole() map[string]any {
	return m.body(m.content(), m.stopReason(), m.usage(m.said))
}

// events are the message as server-sent events, word by word.
func (m anthropicMessage) events() []fault.Event {
	var events []fault.Event
	add := func(end bool, kind string, fields map[string]any) {
		fields["type"] = kind
		events = append(events, fault.Event{Name: kind, Data: fields, End: end})
	}
	start := m.body([]any{}, nil, m.usage(1))
	start["stop_sequence"] = nil
	add(false, "message_start", map[string]any{"message": start})
	block := func(i int, empty map[string]any, deltas ...map[string]any) {
		add(false, "content_block_start", map[string]any{"index": i, "content_block": empty})
		for _, delta := range deltas {
			add(false, "content_block_delta", map[string]any{"index": i, "delta": delta})
		}
		add(false, "content_block_stop", map[string]any{"index": i})
	}
	add(false, "ping", map[string]any{})
	if m.text != "" {
		var deltas []map[string]any
		for _, piece := range pieces(m.text) {
			deltas = append(deltas, map[string]any{"type": "text_delta", "text": piece})
		}
		block(0, map[string]any{"type": "text", "text": ""}, deltas...)
	}
	for i, c := range m.calls {
		block(i, m.use(c, map[string]any{}), map[string]any{"type": "input_json_delta", "partial_json": c.Arguments})
	}
	add(true, "message_delta", map[string]any{
		"delta": map[string]any{"stop_reason": m.stopReason(), "stop_sequence": orNull(m.stopped)}, "usage": m.usage(m.said),
	})
	add(true, "message_stop", map[string]any{})
	return events
}

func (m anthropicMessage) failure() fault.Event {
	return fault.Event{Name: "error", Data: map[string]any{
		"type": "error", "error": map[string]any{"type": "overloaded_error", "message": "Overloaded"},
	}}
}

func (m anthropicMessage) unknown() fault.Event {
	return fault.Event{Name: "message_novelty", Data: map[string]any{"type": "message_novelty"}}
}
