package responsestest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Object is a JSON object.
type Object = map[string]any

// Agent answers requests with the items of the output.
type Agent func(r *Request) []Object

// Echo answers with the text of the last item.
func Echo(r *Request) []Object { return []Object{Message(r.Input[len(r.Input)-1].Text())} }

// Recall answers with the texts of all messages of the user.
func Recall(r *Request) []Object {
	var said []string
	for _, it := range r.Input {
		if it.Role == "user" {
			said = append(said, it.Text())
		}
	}
	return []Object{Message(strings.Join(said, " then "))}
}

// Obey answers with the system prompt, and where it stood.
func Obey(r *Request) []Object {
	if r.Instructions != "" {
		return []Object{Message(r.Instructions)}
	}
	for _, it := range r.Input {
		if it.Role == "system" || it.Role == "developer" {
			return []Object{Message(it.Role + ": " + it.Text())}
		}
	}
	return []Object{Message("no instructions")}
}

// Message is a message of the assistant.
func Message(text string) Object {
	return Object{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": []any{
		Object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}},
	}}
}

// Thought is an item of reasoning.
func Thought(summary, encrypted string) Object {
	return Object{"type": "reasoning", "id": "rs_1", "status": nil, "encrypted_content": nullable(encrypted), "summary": []any{Object{"type": "summary_text", "text": summary}}}
}

// Call is a call of a function.
func Call(id, name, arguments string) Object {
	return Object{"type": "function_call", "id": "fc_" + id, "call_id": id, "name": name, "arguments": arguments, "status": "completed"}
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// whole is the answer in one piece. Its usage counts a token for each word.
func whole(r *Request, status string, output []Object) Object {
	heard, words := 0, 0
	for _, it := range r.Input {
		heard += len(strings.Fields(it.Text()))
	}
	for _, it := range output {
		words += len(strings.Fields(texts(it)))
	}
	return Object{
		"id": "resp_1", "object": "response", "created_at": 1764500000, "status": status, "model": r.Model, "error": nil, "incomplete_details": nil,
		"output": output, "parallel_tool_calls": true, "store": false, "truncation": "disabled",
		"usage": Object{
			"input_tokens": heard, "output_tokens": words, "total_tokens": heard + words,
			"input_tokens_details": Object{"cached_tokens": 1}, "output_tokens_details": Object{"reasoning_tokens": 2},
		},
	}
}

func texts(it Object) string {
	text := ""
	parts, _ := it["content"].([]any)
	for _, p := range parts {
		said, _ := p.(Object)["text"].(string)
		text += said
	}
	return text
}

// events are the answer in pieces: each word, each item, and the end.
func events(r *Request, end Object) []Object {
	last := "response." + end["status"].(string)
	output := end["output"].([]Object)
	all := []Object{
		{"type": "response.created", "response": whole(r, "in_progress", []Object{})},
		{"type": "response.in_progress", "response": whole(r, "in_progress", []Object{})},
	}
	for i, it := range output {
		begun := Object{}
		for name, v := range it {
			begun[name] = v
		}
		if _, ok := begun["arguments"]; ok {
			begun["arguments"] = ""
		}
		delete(begun, "content")
		all = append(all, Object{"type": "response.output_item.added", "output_index": i, "item": begun})
		all = append(all, pieces(i, it)...)
		all = append(all, Object{"type": "response.output_item.done", "output_index": i, "item": it})
	}
	return append(all, Object{"type": last, "response": end})
}

// pieces are the events with the content of an item.
func pieces(place int, it Object) []Object {
	var all []Object
	add := func(kind, field, text string, index Object) {
		for _, word := range clienttest.Words(text) {
			e := Object{"type": kind + ".delta", "output_index": place, "item_id": it["id"], "delta": word}
			for name, v := range index {
				e[name] = v
			}
			all = append(all, e)
		}
		e := Object{"type": kind + ".done", "output_index": place, "item_id": it["id"], field: text}
		for name, v := range index {
			e[name] = v
		}
		all = append(all, e)
	}
	content, _ := it["content"].([]any)
	for i, p := range content {
		part := p.(Object)
		if text, ok := part["text"].(string); ok {
			add("response.output_text", "text", text, Object{"content_index": i})
		}
		if text, ok := part["refusal"].(string); ok {
			add("response.refusal", "refusal", text, Object{"content_index": i})
		}
	}
	summary, _ := it["summary"].([]any)
	for i, p := range summary {
		add("response.reasoning_summary_text", "text", fmt.Sprint(p.(Object)["text"]), Object{"summary_index": i})
	}
	if arguments, ok := it["arguments"].(string); ok && it["type"] == "function_call" {
		add("response.function_call_arguments", "arguments", arguments, nil)
	}
	return all
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // objects of texts and numbers always encode
	}
	return data
}
