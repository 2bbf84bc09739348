package anthropic_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

var update = flag.Bool("update", false, "write the golden files")

func calls(r *anthropictest.Request) anthropictest.Answer {
	if len(r.Messages) > 1 {
		return anthropictest.Answer{Text: "Done."}
	}
	return anthropictest.Answer{Thinking: "They ask.", Calls: []anthropictest.Call{{ID: "toolu_1", Name: "look_up", Input: `{"account":"7"}`}, {ID: "toolu_2", Name: "dial", Input: `{}`}}}
}

func requestKinds() map[string]clienttest.Kind[anthropictest.Agent] {
	look := core.UserText("look")
	look.Parts = append(look.Parts, clienttest.Part(core.Image, core.MediaPNG, "PNG"), clienttest.Part(core.Image, core.MediaJPEG, "JPEG"))
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	hello := []core.Message{core.UserText("hello")}
	return map[string]clienttest.Kind[anthropictest.Agent]{
		"least":  {Turns: hello},
		"whole":  {Config: map[string]any{"stream": false}, Turns: hello},
		"system": {Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"history": {Start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{clienttest.Part(core.Text, core.MediaText, "two"), clienttest.Part(core.ToolCall, core.MediaJSON, `{"call_id":"h","name":"dial","arguments":"{\"number\":12345678901234567890}"}`)}},
		}}, Turns: []core.Message{clienttest.Results("h", "busy"), core.UserText("and now?")}},
		"media": {Turns: []core.Message{look}},
		"tools": {Config: map[string]any{"tools": tools, "tool_choice": "look_up"}, Agent: calls, Turns: []core.Message{core.UserText("call"), clienttest.Results("toolu_2", "busy")}},
		"thinking": {Config: map[string]any{"thinking": map[string]any{"type": "enabled", "budget_tokens": 1024, "display": "summarized"}}, Agent: func(*anthropictest.Request) anthropictest.Answer {
			return anthropictest.Answer{Thinking: "They ask.", Redacted: "ZW5jcnlwdGVk", Text: "No <b>."}
		}, Turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"adaptive": {Config: map[string]any{"thinking": map[string]any{"type": "adaptive"}, "tools": tools[1:], "parallel_tool_calls": false}, Turns: hello},
		"parameters": {Config: map[string]any{
			"max_tokens": 100, "stop_sequences": []any{"END", "STOP"}, "thinking": map[string]any{"type": "disabled"},
			"effort": "low", "service_tier": "standard_only", "user": "u1", "tools": tools, "tool_choice": "required", "parallel_tool_calls": true, "parameters": map[string]any{"inference_geo": "us"},
		}, Turns: hello},
	}
}

func golden() clienttest.Golden[anthropictest.Agent, *anthropictest.Server] {
	return clienttest.Golden[anthropictest.Agent, *anthropictest.Server]{Model: "claude-practice", Kinds: requestKinds(), NewServer: anthropictest.NewServer, Opened: opened}
}

// The golden files are what .ci/strict holds against the official Python types. Those
// have no temperature, top_p and top_k, which the Go SDK has: anthropictest checks them.
func TestGoldenRequestsOfEveryKind(t *testing.T) { golden().Run(t, *update) }

func TestEveryGoldenRequestIsOfAKind(t *testing.T) { golden().NoOther(t) }

// The SDK's own client is asked for the same, and its request is compared.
func TestTheRequestsAreThoseOfTheSDK(t *testing.T) {
	for name, params := range map[string]sdk.MessageNewParams{
		"whole": {Messages: []sdk.MessageParam{sdk.NewUserMessage(sdk.NewTextBlock("hello"))}},
		"media": {Messages: []sdk.MessageParam{sdk.NewUserMessage(
			sdk.NewTextBlock("look"), sdk.NewImageBlockBase64("image/png", "UE5H"), sdk.NewImageBlockBase64("image/jpeg", "SlBFRw=="),
		)}},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []byte
			web := httptest.NewServer(anthropictest.NewServer(nil, anthropictest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
			defer web.Close()
			client := sdk.NewClient(option.WithBaseURL(web.URL), option.WithAPIKey("sk-ant-practice"), option.WithHTTPClient(web.Client()))
			params.Model, params.MaxTokens = "claude-practice", 4096
			if _, err := client.Messages.New(t.Context(), params); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, sent), decoded(t, golden().Last(t, name, map[string]any{"stream": false}))); diff != "" {
				t.Errorf("the request differs from the SDK's (-SDK +target):\n%s", diff)
			}
		})
	}
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
