package api

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// response is the answer to a request of the responses API.
type response struct {
	id      string
	created int64 // Unix seconds
	request responsesRequest
	// itemIDs are those of the output: of the message, or of each call.
	itemIDs []string
	reply
}

func newResponse(request responsesRequest, answered reply) response {
	r := response{id: newID("resp_"), created: time.Now().Unix(), request: request, reply: answered}
	for range answered.calls {
		r.itemIDs = append(r.itemIDs, newID("fc_"))
	}
	if r.itemIDs == nil {
		r.itemIDs = []string{newID("msg_")}
	}
	return r
}

// items are what the reply adds to the conversation.
func (r response) items() []realtimetest.Item {
	if r.calls == nil {
		return []realtimetest.Item{{Role: core.Assistant, Text: r.text + r.refusal}}
	}
	var items []realtimetest.Item
	for _, c := range r.calls {
		items = append(items, realtimetest.Item{Role: core.Assistant, CallID: c.id, Name: c.Name, Text: c.Arguments})
	}
	return items
}

// outcome returns the status, and the details of one that is incomplete.
func (r response) outcome() (status string, details any) {
	switch r.finish {
	case finishLength:
		return "incomplete", map[string]any{"reason": "max_output_tokens"}
	case finishFilter:
		return "incomplete", map[string]any{"reason": "content_filter"}
	}
	return "completed", nil
}

func (r response) whole() map[string]any {
	status, details := r.outcome()
	body := r.body(status)
	body["incomplete_details"] = details
	body["output"] = r.output(status)
	body["usage"] = map[string]any{
		"input_tokens": r.asked, "output_tokens": r.said, "total_tokens": r.asked + r.said,
		"input_tokens_details":  map[string]any{"cached_tokens": 0, "cache_write_tokens": 0},
		"output_tokens_details": map[string]any{"reasoning_tokens": 0},
	}
	if status == "completed" {
		body["completed_at"] = time.Now().Unix()
	}
	return body
}

// body returns a response without output.
func (r response) body(status string) map[string]any {
	tools := []any{}
	for _, t := range r.request.Tools {
		tools = append(tools, map[string]any{
			"type": t.Type, "name": t.Name, "description": t.Description, "parameters": t.Parameters, "strict": t.Strict == nil || *t.Strict,
		})
	}
	metadata := r.request.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	body := map[string]any{
		"id": r.id, "object": "response", "created_at": r.created, "status": status, "model": r.request.Model, "output": []any{},
		"error": nil, "incomplete_details": nil, "completed_at": nil, "access_programs": nil, "background": false,
		"instructions": r.request.Instructions, "max_output_tokens": r.request.MaxOutputTokens, "max_tool_calls": nil,
		"metadata": metadata, "parallel_tool_calls": r.request.ParallelToolCalls == nil || *r.request.ParallelToolCalls,
		"previous_response_id": r.request.PreviousResponseID,
		"temperature":          or(r.request.Temperature, 1), "top_p": or(r.request.TopP, 1), "top_logprobs": 0,
		"text": map[string]any{"format": map[string]any{"type": "text"}, "verbosity": "medium"}, "tools": tools, "tool_choice": r.choice(),
		"truncation": or(r.request.Truncation, "disabled"), "reasoning": map[string]any{"effort": nil, "summary": nil},
		"service_tier": "default",
	}
	if r.request.User != nil {
		body["user"] = r.request.User
	}
	return body
}

// or returns what a request says, or the protocol's default.
func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

func (r response) choice() any {
	if len(r.request.ToolChoice) == 0 || string(r.request.ToolChoice) == "null" {
		return "auto"
	}
	return r.request.ToolChoice
}

func (r response) output(status string) []any {
	if r.calls == nil {
		return []any{r.message(status, r.content())}
	}
	var output []any
	for i := range r.calls {
		output = append(output, r.call(i, status, r.calls[i].Arguments))
	}
	return output
}

func (r response) message(status string, content ...any) map[string]any {
	if content == nil {
		content = []any{}
	}
	return map[string]any{"id": r.itemIDs[0], "type": "message", "status": status, "role": "assistant", "content": content}
}

func (r response) content() map[string]any {
	if r.refusal != "" {
		return map[string]any{"type": "refusal", "refusal": r.refusal}
	}
	return map[string]any{"type": "output_text", "text": r.text, "annotations": []any{}, "logprobs": []any{}}
}

func (r response) call(i int, status, arguments string) map[string]any {
	c := r.calls[i]
	return map[string]any{
		"id": r.itemIDs[i], "type": "function_call", "status": status, "call_id": c.id, "name": c.Name, "arguments": arguments,
	}
}

// failed is the body of a response that failed.
func (r response) failed() fault.Event {
	body := r.body("failed")
	body["error"] = map[string]any{"code": "server_error", "message": "The server had an error while processing your request."}
	return fault.Event{Data: body}
}

// failure is the event of an error within a stream.
func (r response) failure() fault.Event {
	return fault.Event{Name: "error", Data: map[string]any{
		"type": "error", "code": "server_error", "message": "The server had an error while processing your request.", "param": nil, "sequence_number": 0,
	}}
}

func (r response) unknown() fault.Event {
	return fault.Event{Name: "response.novelty", Data: map[string]any{"type": "response.novelty", "note": "an event of no known type", "sequence_number": 0}}
}
