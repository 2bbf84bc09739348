package realtimetest

import (
	"encoding/json"
	"maps"
	"slices"
)

// keys are those that an object of the client may have, and those that it has to have.
type keys struct{ may, must []string }

// eventKeys are the keys of each client event, besides type and event_id. An event that
// is not in it is refused by its type, and what an object in it lacks by its path.
func eventKeys() map[string]keys {
	return map[string]keys{
		"session.update":             {may: []string{"session"}},
		"conversation.item.create":   {may: []string{"item", "previous_item_id"}},
		"conversation.item.retrieve": {must: []string{"item_id"}},
		"conversation.item.delete":   {must: []string{"item_id"}},
		"conversation.item.truncate": {must: []string{"item_id", "content_index", "audio_end_ms"}},
		"input_audio_buffer.append":  {must: []string{"audio"}},
		"input_audio_buffer.commit":  {},
		"input_audio_buffer.clear":   {},
		"output_audio_buffer.clear":  {},
		"response.create":            {may: []string{"response"}},
		"response.cancel":            {may: []string{"response_id"}},
	}
}

// itemKeys are the keys of each kind of item, besides those that all have. What an item
// has to have is checked where it is read.
func itemKeys() map[string][]string {
	return map[string][]string{
		"message":               {"role", "content"},
		"function_call":         {"name", "call_id", "arguments"},
		"function_call_output":  {"call_id", "output"},
		"mcp_approval_response": {"approval_request_id", "approve", "reason"},
	}
}

// checkEvent checks which keys an event has.
func checkEvent(frame json.RawMessage, kind string) *protocolError {
	expected, known := eventKeys()[kind]
	given, ok := members(frame)
	if !known || !ok {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(slices.Concat([]string{"type", "event_id"}, expected.may, expected.must), key) {
			return unknownParameter(key)
		}
	}
	for _, key := range expected.must {
		if value, there := given[key]; !there || string(value) == "null" {
			return missing(key)
		}
	}
	return nil
}

// checkItem checks which keys an item has.
func checkItem(raw json.RawMessage, kind, prefix string) *protocolError {
	expected, known := itemKeys()[kind]
	given, ok := members(raw)
	if !known || !ok {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(append([]string{"id", "object", "type", "status"}, expected...), key) {
			return unknownParameter(prefix + key)
		}
	}
	return nil
}

// checkWritten checks what a client writes into an item although the server knows it.
func checkWritten(wire wireItem, prefix string) *protocolError {
	if wire.Object != "" {
		if problem := oneOf("realtime.item")(prefix+"object", wire.Object); problem != nil {
			return problem
		}
	}
	if wire.Status != "" {
		if problem := oneOf("completed", "incomplete", "in_progress")(prefix+"status", wire.Status); problem != nil {
			return problem
		}
	}
	if wire.Type != "message" {
		return nil
	}
	if wire.Role == "" {
		return missing(prefix + "role")
	}
	return oneOf("assistant", "system", "user")(prefix+"role", wire.Role)
}

func members(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(raw, &object)
	return object, err == nil
}
