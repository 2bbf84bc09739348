package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// completion is the answer to a chat request.
type completion struct {
	id, model, text string
	created         int64 // Unix seconds
	prompt          int   // words of the request, counted as its tokens
}

// words returns the number of words of a text, which is reported as its tokens.
func words(text string) int { return len(strings.Fields(text)) }

func (c completion) usage() map[string]any {
	answer := words(c.text)
	return map[string]any{
		"prompt_tokens": c.prompt, "completion_tokens": answer, "total_tokens": c.prompt + answer,
	}
}

// body returns the fields that a whole completion and its chunks share.
func (c completion) body(object string, choices ...any) map[string]any {
	if choices == nil {
		choices = []any{}
	}
	return map[string]any{
		"id": c.id, "object": object, "created": c.created, "model": c.model, "choices": choices,
	}
}

func (c completion) whole() map[string]any {
	body := c.body("chat.completion", map[string]any{
		"index": 0, "finish_reason": "stop", "logprobs": nil,
		"message": map[string]any{"role": "assistant", "content": c.text, "refusal": nil},
	})
	body["usage"] = c.usage()
	return body
}

// stream sends the completion word by word, as server-sent events.
func (c completion) stream(w http.ResponseWriter, usage bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	c.event(w, c.chunk(map[string]any{"role": "assistant", "content": ""}, nil))
	for _, word := range strings.SplitAfter(c.text, " ") {
		c.event(w, c.chunk(map[string]any{"content": word}, nil))
	}
	c.event(w, c.chunk(map[string]any{}, "stop"))
	if usage {
		last := c.body("chat.completion.chunk")
		last["usage"] = c.usage()
		c.event(w, last)
	}
	_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
}

func (c completion) chunk(delta map[string]any, finish any) map[string]any {
	return c.body("chat.completion.chunk", map[string]any{"index": 0, "delta": delta, "finish_reason": finish})
}

func (c completion) event(w http.ResponseWriter, body map[string]any) {
	data, err := json.Marshal(body)
	if err != nil {
		return // cannot happen: strings and numbers always encode
	}
	_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
	_ = http.NewResponseController(w).Flush()
}
