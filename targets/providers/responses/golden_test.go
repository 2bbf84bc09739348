package responses_test

import (
	"flag"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses/responsestest"
)

var update = flag.Bool("update", false, "write the golden files")

func answering(items ...map[string]any) responsestest.Agent {
	return func(r *responsestest.Request) []map[string]any {
		if len(r.Input) > 1 {
			return responsestest.Recall(r)
		}
		return items
	}
}

func requestKinds() map[string]clienttest.Kind[responsestest.Agent] {
	look := core.UserText("look")
	look.Parts = append(look.Parts, clienttest.Part(core.Image, core.MediaPNG, "PNG"))
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	hello := []core.Message{core.UserText("hello")}
	two := []core.Message{core.UserText("one"), core.UserText("two")}
	refusal := responsestest.Message("")
	refusal["content"] = []any{map[string]any{"type": "refusal", "refusal": "I cannot."}}
	return map[string]clienttest.Kind[responsestest.Agent]{
		"least":     {Turns: hello},
		"whole":     {Config: map[string]any{"stream": false}, Turns: hello},
		"system":    {Config: map[string]any{"system_role": "system"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"developer": {Config: map[string]any{"system_role": "developer"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"instructed": {Start: core.Start{SystemPrompt: "Be kind.", History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{clienttest.Part(core.Text, core.MediaText, "two")}},
		}}, Turns: hello},
		"media": {Config: map[string]any{"image_detail": "low"}, Turns: []core.Message{look}},
		"tools": {
			Config: map[string]any{"tools": tools, "tool_choice": "look_up", "parallel_tool_calls": true, "hosted_tools": []any{map[string]any{"type": "web_search"}}},
			Agent:  answering(responsestest.Thought("hm", "gAAA"), responsestest.Call("call_a", "look_up", `{"account":"7"}`), responsestest.Call("call_b", "dial", "{")),
			Turns:  []core.Message{core.UserText("call"), clienttest.Results("call_b", "busy")},
		},
		"plain":   {Agent: answering(responsestest.Thought("hm", ""), responsestest.Message("Yes."), responsestest.Call("call_a", "dial", "{}")), Turns: two},
		"refusal": {Agent: answering(refusal), Turns: two},
		"hosted": {Agent: answering(
			map[string]any{"type": "mcp_list_tools", "id": "l_1", "server_label": "bank", "tools": []any{map[string]any{"name": "transfer", "input_schema": map[string]any{"type": "object"}, "annotations": nil, "description": nil}}},
			map[string]any{"type": "mcp_call", "id": "mcp_1", "name": "transfer", "server_label": "bank", "arguments": "{}", "output": "sent", "error": nil, "approval_request_id": nil},
			map[string]any{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": map[string]any{"type": "search", "query": "vault"}},
			responsestest.Message("Done."),
		), Turns: two},
		"approval": {Agent: answering(map[string]any{
			"type": "mcp_approval_request", "id": "mcpr_1", "name": "transfer", "server_label": "bank", "arguments": "{}",
		}), Turns: []core.Message{core.UserText("one"), clienttest.Results("mcpr_1", "approve")}},
		"custom": {Agent: answering(map[string]any{
			"type": "custom_tool_call", "id": "ct_1", "call_id": "call_c", "name": "run", "input": "ls",
		}), Turns: []core.Message{core.UserText("one"), clienttest.Results("call_c", "files")}},
		"parameters": {Config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "max_output_tokens": 100, "max_tool_calls": 3, "reasoning_effort": "low", "reasoning_summary": "auto", "verbosity": "low",
			"service_tier": "flex", "safety_identifier": "u1", "parameters": map[string]any{"top_logprobs": 2},
			"text_format": map[string]any{"type": "json_schema", "name": "answer", "schema": map[string]any{"type": "object"}},
		}, Turns: hello},
	}
}

func golden() clienttest.Golden[responsestest.Agent, *responsestest.Server] {
	return clienttest.Golden[responsestest.Agent, *responsestest.Server]{Model: "gpt-practice", Kinds: requestKinds(), NewServer: responsestest.NewServer, Opened: opened}
}

// The golden files are what .ci/strict holds against the official Python types.
func TestGoldenRequestsOfEveryKind(t *testing.T) { golden().Run(t, *update) }

func TestEveryGoldenRequestIsOfAKind(t *testing.T) { golden().NoOther(t) }
