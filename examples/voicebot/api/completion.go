package api

import (
	"encoding/base64"
	"time"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

const (
	// audioLife is how long the protocol keeps audio for later requests, in seconds.
	audioLife = 3600
	// audioChunk is how many bytes of audio an event has.
	audioChunk = 24000
)

// completion is the answer to a chat request.
type completion struct {
	id, model string
	created   int64 // Unix seconds
	reply
}

func newCompletion(model string, r reply) completion {
	return completion{newID("chatcmpl-"), model, time.Now().Unix(), r}
}

func (c completion) usage() map[string]any {
	return map[string]any{
		"prompt_tokens": c.asked, "completion_tokens": c.said, "total_tokens": c.asked + c.said,
		"prompt_tokens_details":     map[string]any{"cached_tokens": 0, "audio_tokens": 0},
		"completion_tokens_details": map[string]any{"reasoning_tokens": 0, "audio_tokens": 0},
	}
}

// body returns the fields that a whole completion and its chunks share.
func (c completion) body(object string, choices ...any) map[string]any {
	if choices == nil {
		choices = []any{}
	}
	return map[string]any{
		"id": c.id, "object": object, "created": c.created, "model": c.model, "choices": choices,
		"system_fingerprint": "fp_practice", "service_tier": "default",
	}
}

func (c completion) whole() map[string]any {
	message := map[string]any{"role": "assistant", "content": c.text, "refusal": orNull(c.refusal), "annotations": []any{}}
	switch {
	case c.spoken != nil:
		message["content"] = nil
		message["audio"] = map[string]any{
			"id": c.spoken.id, "transcript": c.text, "data": base64.StdEncoding.EncodeToString(c.spoken.data), "expires_at": c.created + audioLife,
		}
	case c.refusal != "":
		message["content"] = nil
	case c.calls != nil:
		message["content"] = nil
		message["tool_calls"] = c.toolCalls()
	}
	body := c.body("chat.completion", map[string]any{"index": 0, "finish_reason": c.finish, "logprobs": nil, "message": message})
	body["usage"] = c.usage()
	return body
}

// toolCalls are the calls as a message has them.
func (c completion) toolCalls() []any {
	var calls []any
	for _, one := range c.calls {
		calls = append(calls, map[string]any{
			"id": one.id, "type": "function", "function": map[string]any{"name": one.Name, "arguments": one.Arguments},
		})
	}
	return calls
}

// events are the completion as server-sent events, word by word.
func (c completion) events(usage bool) []fault.Event {
	chunk := func(delta map[string]any, finish any) map[string]any {
		body := c.body("chat.completion.chunk", map[string]any{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": nil})
		if usage {
			body["usage"] = nil // as the protocol has it in all chunks but the last
		}
		return body
	}
	events := []fault.Event{{Data: chunk(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil)}}
	for _, delta := range c.deltas() {
		events = append(events, fault.Event{Data: chunk(delta, nil)})
	}
	events = append(events, fault.Event{Data: chunk(map[string]any{}, c.finish), End: true})
	if usage {
		last := c.body("chat.completion.chunk")
		last["usage"] = c.usage()
		events = append(events, fault.Event{Data: last, End: true})
	}
	return append(events, fault.Event{Data: "[DONE]", End: true})
}

func (c completion) deltas() []map[string]any {
	var deltas []map[string]any
	switch {
	case c.spoken != nil:
		return c.audioDeltas()
	case c.refusal != "":
		for _, piece := range pieces(c.refusal) {
			deltas = append(deltas, map[string]any{"refusal": piece})
		}
	case c.calls != nil:
		for i, one := range c.calls {
			deltas = append(deltas,
				map[string]any{"tool_calls": []any{map[string]any{
					"index": i, "id": one.id, "type": "function", "function": map[string]any{"name": one.Name, "arguments": ""},
				}}},
				map[string]any{"tool_calls": []any{map[string]any{"index": i, "function": map[string]any{"arguments": one.Arguments}}}})
		}
	default:
		for _, piece := range pieces(c.text) {
			deltas = append(deltas, map[string]any{"content": piece})
		}
	}
	return deltas
}

func (c completion) audioDeltas() []map[string]any {
	piece := func(key string, value any) map[string]any {
		return map[string]any{"audio": map[string]any{"id": c.spoken.id, key: value}}
	}
	var deltas []map[string]any
	for _, text := range pieces(c.text) {
		deltas = append(deltas, piece("transcript", text))
	}
	for data := c.spoken.data; len(data) > 0; {
		n := min(audioChunk, len(data))
		deltas = append(deltas, piece("data", base64.StdEncoding.EncodeToString(data[:n])))
		data = data[n:]
	}
	return append(deltas, piece("expires_at", c.created+audioLife))
}

func (c completion) failure() fault.Event {
	return fault.Event{Data: map[string]any{"error": map[string]any{
		"message": "The server had an error while processing your request.", "type": "server_error", "param": nil, "code": "server_error",
	}}}
}

func (c completion) unknown() fault.Event {
	return fault.Event{Data: map[string]any{"id": c.id, "object": "chat.completion.novelty", "created": c.created, "model": c.model, "choices": []any{}}}
}

// delivery sends a reply, or what a fault makes of it.
func (s *Server) delivery(kind fault.Kind, failure, unknown fault.Event) fault.Delivery {
	return fault.Delivery{Kind: kind, Stop: s.stop, Failure: failure, Unknown: unknown}
}
