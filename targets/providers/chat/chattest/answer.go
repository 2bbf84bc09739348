package chattest

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Agent answers requests.
type Agent func(r *Request) Answer

// Answer is what an agent answers.
type Answer struct {
	Text, Reasoning, Refusal string
	Calls                    []Call
	// Sound is raw sound or a file, as the request asks for; Transcript is what it
	// says.
	Sound      []byte
	Transcript string
	// Finish is the reason of the end; "" is stop, or tool_calls.
	Finish string
}

// Call is a call of a tool.
type Call struct{ ID, Name, Arguments string }

// Echo answers with the text of the last message.
func Echo(r *Request) Answer { return Answer{Text: r.Messages[len(r.Messages)-1].Text()} }

// Recall answers with the texts of all messages of the user.
func Recall(r *Request) Answer {
	var said []string
	for _, m := range r.Messages {
		if m.Role == "user" {
			said = append(said, m.Text())
		}
	}
	return Answer{Text: strings.Join(said, " then ")}
}

// Obey answers with the system prompt.
func Obey(r *Request) Answer {
	for _, m := range r.Messages {
		if m.Role == "system" || m.Role == "developer" {
			return Answer{Text: m.Text()}
		}
	}
	return Answer{Text: "no instructions"}
}

// object is a JSON object.
type object = map[string]any

// finish is the reason of the end.
func (a Answer) finish() string {
	switch {
	case a.Finish != "":
		return a.Finish
	case len(a.Calls) > 0:
		return "tool_calls"
	}
	return "stop"
}

// usage counts a token for each word.
func (a Answer) usage(r *Request) object {
	in := 0
	for _, m := range r.Messages {
		in += len(strings.Fields(m.Text()))
	}
	thought := len(strings.Fields(a.Reasoning))
	out := len(strings.Fields(a.Text)) + thought
	return object{
		"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out,
		"prompt_tokens_details":     object{"cached_tokens": 1, "audio_tokens": 0},
		"completion_tokens_details": object{"reasoning_tokens": thought, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
	}
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// whole is the answer in one piece.
func (a Answer) whole(r *Request) object {
	message := object{"role": "assistant", "content": nullable(a.Text), "refusal": nullable(a.Refusal), "annotations": []any{}}
	if a.Reasoning != "" {
		message["reasoning_content"] = a.Reasoning
	}
	if len(a.Calls) > 0 {
		var calls []any
		for _, c := range a.Calls {
			calls = append(calls, object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.Arguments}})
		}
		message["tool_calls"] = calls
	}
	if len(a.Sound) > 0 {
		message["audio"] = object{"id": "audio_1", "data": base64.StdEncoding.EncodeToString(a.Sound), "transcript": a.Transcript, "expires_at": farAway}
	}
	return object{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1764500000, "model": r.Model, "system_fingerprint": "fp_1", "service_tier": "default",
		"choices": []any{object{"index": 0, "message": message, "logprobs": nil, "finish_reason": a.finish()}},
		"usage":   a.usage(r),
	}
}

// farAway is a date at which nothing of today is valid any more.
const farAway = 4_000_000_000

// chunk is an event of a streamed answer.
func chunk(r *Request, choices ...any) object {
	if choices == nil {
		choices = []any{}
	}
	return object{
		"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1764500000, "model": r.Model, "system_fingerprint": "fp_1",
		"choices": choices, "usage": nil,
	}
}

func delta(d object, finish any) object {
	return object{"index": 0, "delta": d, "logprobs": nil, "finish_reason": finish}
}

// events are the answer in pieces: the role, each word, and the end.
func (a Answer) events(r *Request) []object {
	events := []object{chunk(r, delta(object{"role": "assistant", "content": "", "refusal": nil}, nil))}
	add := func(field, text string) {
		for _, word := range clienttest.Words(text) {
			if word != "" {
				events = append(events, chunk(r, delta(object{field: word}, nil)))
			}
		}
	}
	add("reasoning_content", a.Reasoning)
	add("content", a.Text)
	add("refusal", a.Refusal)
	for i, c := range a.Calls {
		events = append(events, chunk(r, delta(object{"tool_calls": []any{object{
			"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": ""},
		}}}, nil)))
		for _, piece := range clienttest.Words(c.Arguments) {
			events = append(events, chunk(r, delta(object{"tool_calls": []any{object{"index": i, "function": object{"arguments": piece}}}}, nil)))
		}
	}
	if half := len(a.Sound) / 4 * 2; half > 0 {
		events = append(events, chunk(r, delta(object{"audio": object{"id": "audio_1", "transcript": a.Transcript}}, nil)))
		for _, sound := range [][]byte{a.Sound[:half], a.Sound[half:]} {
			events = append(events, chunk(r, delta(object{"audio": object{"data": base64.StdEncoding.EncodeToString(sound)}}, nil)))
		}
		events = append(events, chunk(r, delta(object{"audio": object{"expires_at": farAway}}, nil)))
	}
	events = append(events, chunk(r, delta(object{}, a.finish())))
	if r.Options != nil && r.Options.Usage {
		last := chunk(r)
		last["usage"] = a.usage(r)
		events = append(events, last)
	}
	return events
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // objects of texts and numbers always encode
	}
	return data
}
