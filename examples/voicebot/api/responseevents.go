package api

import (
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

// script collects the events of a response in their order.
type script struct{ events []fault.Event }

// add appends an event with its type and number.
func (s *script) add(kind string, fields map[string]any) {
	fields["type"], fields["sequence_number"] = kind, len(s.events)
	s.events = append(s.events, fault.Event{Name: kind, Data: fields})
}

// events are the response as server-sent events, word by word.
func (r response) events() []fault.Event {
	var s script
	s.add("response.created", map[string]any{"response": r.body("in_progress")})
	s.add("response.in_progress", map[string]any{"response": r.body("in_progress")})
	if r.calls == nil {
		r.sayInto(&s)
	}
	for i := range r.calls {
		r.callInto(&s, i)
	}
	status, _ := r.outcome()
	s.add("response."+status, map[string]any{"response": r.whole()})
	s.events[len(s.events)-1].End = true
	return s.events
}

func (r response) sayInto(s *script) {
	status, _ := r.outcome()
	at := func(fields map[string]any) map[string]any {
		fields["item_id"], fields["output_index"], fields["content_index"] = r.itemIDs[0], 0, 0
		return fields
	}
	text, kind, key := r.text, "response.output_text", "text"
	empty := map[string]any{"type": "output_text", "text": "", "annotations": []any{}, "logprobs": []any{}}
	if r.refusal != "" {
		text, kind, key = r.refusal, "response.refusal", "refusal"
		empty = map[string]any{"type": "refusal", "refusal": ""}
	}
	s.add("response.output_item.added", map[string]any{"output_index": 0, "item": r.message("in_progress")})
	s.add("response.content_part.added", at(map[string]any{"part": empty}))
	done := map[string]any{key: text}
	if r.refusal == "" {
		done["logprobs"] = []any{}
	}
	for _, piece := range pieces(text) {
		delta := map[string]any{"delta": piece}
		if r.refusal == "" {
			delta["logprobs"] = []any{}
		}
		s.add(kind+".delta", at(delta))
	}
	s.add(kind+".done", at(done))
	s.add("response.content_part.done", at(map[string]any{"part": r.content()}))
	s.add("response.output_item.done", map[string]any{"output_index": 0, "item": r.message(status, r.content())})
}

func (r response) callInto(s *script, i int) {
	c := r.calls[i]
	s.add("response.output_item.added", map[string]any{"output_index": i, "item": r.call(i, "in_progress", "")})
	s.add("response.function_call_arguments.delta", map[string]any{"item_id": r.itemIDs[i], "output_index": i, "delta": c.Arguments})
	s.add("response.function_call_arguments.done", map[string]any{"item_id": r.itemIDs[i], "output_index": i, "arguments": c.Arguments})
	s.add("response.output_item.done", map[string]any{"output_index": i, "item": r.call(i, "completed", c.Arguments)})
}
