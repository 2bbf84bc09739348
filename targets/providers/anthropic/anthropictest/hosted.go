package anthropictest

import (
	"encoding/json"
	"slices"
)

// hosted are answers with calls that the service has carried out itself.
func hosted() map[string]behaviour {
	content := func(change func([]any) []any) behaviour {
		return behaviour{message: func(m object) { m["content"] = change(m["content"].([]any)) }}
	}
	search := object{"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": json.RawMessage(`{"query":"x"}`)}
	failed := object{"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": object{"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}}
	transfer := object{"type": "mcp_tool_use", "id": "mcp_1", "name": "transfer", "server_name": "bank", "input": json.RawMessage(`{"to":"me"}`)}
	done := object{"type": "mcp_tool_result", "tool_use_id": "mcp_1", "is_error": false, "content": []any{object{"type": "text", "text": "sent"}, object{"type": "text", "text": "all"}}}
	found := object{"type": "mcp_tool_result", "tool_use_id": "mcp_1", "is_error": false, "content": []any{object{"type": "text", "text": "see"}, object{"type": "image", "source": "x"}}}
	said := object{"type": "mcp_tool_result", "tool_use_id": "mcp_1", "is_error": false, "content": "sent"}
	nameless := object{"type": "server_tool_use", "name": "web_search", "input": json.RawMessage(`{"query":"x"}`)}
	before := func(blocks ...any) behaviour {
		return content(func(all []any) []any { return slices.Concat(blocks, all) })
	}
	return map[string]behaviour{
		"carries-out":   before(transfer, search, done, failed),
		"finds-image":   before(transfer, found),
		"finds-text":    before(transfer, said),
		"goes-on":       before(failed),
		"lost-result":   before(failed),
		"nameless-call": before(nameless),
		"only-search":   content(func([]any) []any { return []any{search} }),
	}
}

// calls are answers whose calls have an odd form.
func calls() map[string]behaviour {
	each := func(change func(object)) behaviour {
		return behaviour{message: func(m object) {
			for _, b := range m["content"].([]any) {
				if block := b.(object); block["type"] == "tool_use" {
					change(block)
				}
			}
		}}
	}
	return map[string]behaviour{
		"same-id":    each(func(b object) { b["id"] = "same" }),
		"no-id":      each(func(b object) { delete(b, "id") }),
		"text-input": each(func(b object) { b["input"] = string(b["input"].(json.RawMessage)) }),
		"list-input": each(func(b object) { b["input"] = []any{1} }),
		// Only a stream can begin with an input of which pieces follow, or end within one.
		"whole-and-pieces": {events: begunWhole},
		"whole-and-no-piece": {events: func(all []object) []object {
			return slices.DeleteFunc(begunWhole(all), func(e object) bool {
				d, _ := e["delta"].(object)
				return d["partial_json"] != nil && d["partial_json"] != ""
			})
		}},
		"half-input": {events: func(all []object) []object {
			return slices.DeleteFunc(all, func(e object) bool {
				d, _ := e["delta"].(object)
				return d["partial_json"] != nil && d["partial_json"] == account[len(account)/2:]
			})
		}},
	}
}

// begunWhole gives the input of the first call at its beginning.
func begunWhole(all []object) []object {
	for _, e := range all {
		if block, ok := e["content_block"].(object); ok && block["name"] == "look_up" {
			block["input"] = json.RawMessage(account)
		}
	}
	return all
}
