package responses_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses/responsestest"
)

var update = flag.Bool("update", false, "write the golden files")

// value is a value of a message.
func value(m core.Modality, mediaType, data string) core.Part {
	return core.Part{Value: core.Value{Modality: m, MediaType: mediaType, Data: []byte(data)}}
}

func toolResult(id, output string) core.Message {
	data, _ := json.Marshal(map[string]string{"call_id": id, "output": output})
	return core.Message{Role: core.Tool, Parts: []core.Part{value(core.ToolResult, core.MediaJSON, string(data))}}
}

// requestKind is one kind of request that the target sends.
type requestKind struct {
	config map[string]any
	agent  responsestest.Agent
	start  core.Start
	turns  []core.Message
}

func answering(items ...map[string]any) responsestest.Agent {
	return func(r *responsestest.Request) []map[string]any {
		if len(r.Input) > 1 {
			return responsestest.Recall(r)
		}
		return items
	}
}

func requestKinds() map[string]requestKind {
	look := core.UserText("look")
	look.Parts = append(look.Parts, value(core.Image, core.MediaPNG, "PNG"))
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	hello := []core.Message{core.UserText("hello")}
	two := []core.Message{core.UserText("one"), core.UserText("two")}
	refusal := responsestest.Message("")
	refusal["content"] = []any{map[string]any{"type": "refusal", "refusal": "I cannot."}}
	return map[string]requestKind{
		"least":     {turns: hello},
		"whole":     {config: map[string]any{"stream": false}, turns: hello},
		"system":    {config: map[string]any{"system_role": "system"}, start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"developer": {config: map[string]any{"system_role": "developer"}, start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"instructed": {start: core.Start{SystemPrompt: "Be kind.", History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{value(core.Text, core.MediaText, "two")}},
		}}, turns: hello},
		"media": {config: map[string]any{"image_detail": "low"}, turns: []core.Message{look}},
		"tools": {
			config: map[string]any{"tools": tools, "tool_choice": "look_up", "parallel_tool_calls": true, "hosted_tools": []any{map[string]any{"type": "web_search"}}},
			agent:  answering(responsestest.Thought("hm", "gAAA"), responsestest.Call("call_a", "look_up", `{"account":"7"}`), responsestest.Call("call_b", "dial", "{")),
			turns:  []core.Message{core.UserText("call"), toolResult("call_b", "busy")},
		},
		"plain":   {agent: answering(responsestest.Thought("hm", ""), responsestest.Message("Yes."), responsestest.Call("call_a", "dial", "{}")), turns: two},
		"refusal": {agent: answering(refusal), turns: two},
		"hosted": {agent: answering(
			map[string]any{"type": "mcp_list_tools", "id": "l_1", "server_label": "bank", "tools": []any{map[string]any{"name": "transfer", "input_schema": map[string]any{"type": "object"}, "annotations": nil, "description": nil}}},
			map[string]any{"type": "mcp_call", "id": "mcp_1", "name": "transfer", "server_label": "bank", "arguments": "{}", "output": "sent", "error": nil, "approval_request_id": nil},
			map[string]any{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": map[string]any{"type": "search", "query": "vault"}},
			responsestest.Message("Done."),
		), turns: two},
		"approval": {agent: answering(map[string]any{
			"type": "mcp_approval_request", "id": "mcpr_1", "name": "transfer", "server_label": "bank", "arguments": "{}",
		}), turns: []core.Message{core.UserText("one"), toolResult("mcpr_1", "approve")}},
		"custom": {agent: answering(map[string]any{
			"type": "custom_tool_call", "id": "ct_1", "call_id": "call_c", "name": "run", "input": "ls",
		}), turns: []core.Message{core.UserText("one"), toolResult("call_c", "files")}},
		"parameters": {config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "max_output_tokens": 100, "max_tool_calls": 3, "reasoning_effort": "low", "reasoning_summary": "auto", "verbosity": "low",
			"service_tier": "flex", "safety_identifier": "u1", "parameters": map[string]any{"top_logprobs": 2},
			"text_format": map[string]any{"type": "json_schema", "name": "answer", "schema": map[string]any{"type": "object"}},
		}, turns: hello},
	}
}

// last returns the last request of a kind, indented.
func (k requestKind) last(t *testing.T) []byte {
	t.Helper()
	var sent []byte
	web := httptest.NewServer(responsestest.NewServer(k.agent, responsestest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
	defer web.Close()
	config := map[string]any{"endpoint": web.URL, "model": "gpt-practice"}
	maps.Copy(config, k.config)
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := opened(t)(t.Context(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), k.start)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range k.turns {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, sent, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(indented.Bytes(), '\n')
}

// The golden files are what .ci/strict holds against the official Python types.
func TestGoldenRequestsOfEveryKind(t *testing.T) {
	for name, kind := range requestKinds() {
		t.Run(name, func(t *testing.T) {
			got := kind.last(t)
			file := filepath.Join("testdata", "requests", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the request is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEveryGoldenRequestIsOfAKind(t *testing.T) {
	files, err := filepath.Glob("testdata/requests/*.json")
	if err != nil || len(files) != len(requestKinds()) {
		t.Errorf("%d files for %d kinds: %v", len(files), len(requestKinds()), err)
	}
}
