package responsestest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// Agent answers requests with the items of the output.
type Agent func(r *Request) []object

// Echo answers with the text of the last item.
func Echo(r *Request) []object { return []object{Message(r.Input[len(r.Input)-1].Text())} }

// Recall answers with the texts of all messages of the user.
func Recall(r *Request) []object {
	var said []string
	for _, it := range r.Input {
		if it.Role == "user" {
			said = append(said, it.Text())
		}
	}
	return []object{Message(strings.Join(said, " then "))}
}

// Obey answers with the system prompt, and where it stood.
func Obey(r *Request) []object {
	if r.Instructions != "" {
		return []object{Message(r.Instructions)}
	}
	for _, it := range r.Input {
		if it.Role == "system" || it.Role == "developer" {
			return []object{Message(it.Role + ": " + it.Text())}
		}
	}
	return []object{Message("no instructions")}
}

// Message is a message of the assistant.
func Message(text string) object {
	return object{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": []any{
		object{"type": "output_text", "text": text, "annotations": []any{}, "logprobs": []any{}},
	}}
}

// Thought is an item of reasoning.
func Thought(summary, encrypted string) object {
	return object{"type": "reasoning", "id": "rs_1", "status": nil, "encrypted_content": nullable(encrypted), "summary": []any{object{"type": "summary_text", "text": summary}}}
}

// Call is a call of a function.
func Call(id, name, arguments string) object {
	return object{"type": "function_call", "id": "fc_" + id, "call_id": id, "name": name, "arguments": arguments, "status": "completed"}
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// whole is the answer in one piece.
func whole(r *Request, status string, output []object) object {
	words := 0
	for _, it := range output {
		words += len(strings.Fields(texts(it)))
	}
	return object{
		"id": "resp_1", "object": "response", "created_at": 1764500000, "status": status, "model": r.Model, "error": nil, "incomplete_details": nil,
		"output": output, "parallel_tool_calls": true, "store": false, "truncation": "disabled",
		"usage": object{
			"input_tokens": 4, "output_tokens": words, "total_tokens": 4 + words,
			"input_tokens_details": object{"cached_tokens": 1}, "output_tokens_details": object{"reasoning_tokens": 2},
		},
	}
}

func texts(it object) string {
	text := ""
	parts, _ := it["content"].([]any)
	for _, p := range parts {
		said, _ := p.(object)["text"].(string)
		text += said
	}
	return text
}

// events are the answer in pieces: each word, each item, and the end.
func events(r *Request, end object) []object {
	last := "response." + end["status"].(string)
	output := end["output"].([]object)
	all := []object{
		{"type": "response.created", "response": whole(r, "in_progress", []object{})},
		{"type": "response.in_progress", "response": whole(r, "in_progress", []object{})},
	}
	for i, it := range output {
		begun := object{}
		for name, v := range it {
			begun[name] = v
		}
		if _, ok := begun["arguments"]; ok {
			begun["arguments"] = ""
		}
		delete(begun, "content")
		all = append(all, object{"type": "response.output_item.added", "output_index": i, "item": begun})
		all = append(all, pieces(i, it)...)
		all = append(all, object{"type": "response.output_item.done", "output_index": i, "item": it})
	}
	return append(all, object{"type": last, "response": end})
}

// pieces are the events with the content of an item.
func pieces(place int, it object) []object {
	var all []object
	add := func(kind, field, text string, index object) {
		for _, word := range strings.SplitAfter(text, " ") {
			e := object{"type": kind + ".delta", "output_index": place, "item_id": it["id"], "delta": word}
			for name, v := range index {
				e[name] = v
			}
			all = append(all, e)
		}
		e := object{"type": kind + ".done", "output_index": place, "item_id": it["id"], field: text}
		for name, v := range index {
			e[name] = v
		}
		all = append(all, e)
	}
	content, _ := it["content"].([]any)
	for i, p := range content {
		part := p.(object)
		if text, ok := part["text"].(string); ok {
			add("response.output_text", "text", text, object{"content_index": i})
		}
		if text, ok := part["refusal"].(string); ok {
			add("response.refusal", "refusal", text, object{"content_index": i})
		}
	}
	summary, _ := it["summary"].([]any)
	for i, p := range summary {
		add("response.reasoning_summary_text", "text", fmt.Sprint(p.(object)["text"]), object{"summary_index": i})
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
