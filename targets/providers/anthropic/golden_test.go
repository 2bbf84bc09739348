package anthropic_test

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

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
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
	agent  anthropictest.Agent
	start  core.Start
	turns  []core.Message
}

func calls(r *anthropictest.Request) anthropictest.Answer {
	if len(r.Messages) > 1 {
		return anthropictest.Answer{Text: "Done."}
	}
	return anthropictest.Answer{Thinking: "They ask.", Calls: []anthropictest.Call{{ID: "toolu_1", Name: "look_up", Input: `{"account":"7"}`}, {ID: "toolu_2", Name: "dial", Input: `{}`}}}
}

func requestKinds() map[string]requestKind {
	look := core.UserText("look")
	look.Parts = append(look.Parts, value(core.Image, core.MediaPNG, "PNG"), value(core.Image, core.MediaJPEG, "JPEG"))
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	hello := []core.Message{core.UserText("hello")}
	return map[string]requestKind{
		"least":  {turns: hello},
		"whole":  {config: map[string]any{"stream": false}, turns: hello},
		"system": {start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"history": {start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{value(core.Text, core.MediaText, "two"), value(core.ToolCall, core.MediaJSON, `{"call_id":"h","name":"dial","arguments":"{\"number\":12345678901234567890}"}`)}},
		}}, turns: []core.Message{toolResult("h", "busy"), core.UserText("and now?")}},
		"media": {turns: []core.Message{look}},
		"tools": {config: map[string]any{"tools": tools, "tool_choice": "look_up"}, agent: calls, turns: []core.Message{core.UserText("call"), toolResult("toolu_2", "busy")}},
		"thinking": {config: map[string]any{"thinking": map[string]any{"type": "enabled", "budget_tokens": 1024, "display": "summarized"}}, agent: func(*anthropictest.Request) anthropictest.Answer {
			return anthropictest.Answer{Thinking: "They ask.", Redacted: "ZW5jcnlwdGVk", Text: "No <b>."}
		}, turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"adaptive": {config: map[string]any{"thinking": map[string]any{"type": "adaptive"}, "tools": tools[1:], "parallel_tool_calls": false}, turns: hello},
		"parameters": {config: map[string]any{
			"max_tokens": 100, "stop_sequences": []any{"END", "STOP"}, "thinking": map[string]any{"type": "disabled"},
			"effort": "low", "service_tier": "standard_only", "user": "u1", "tools": tools, "tool_choice": "required", "parallel_tool_calls": true, "parameters": map[string]any{"inference_geo": "us"},
		}, turns: hello},
	}
}

// last returns the last request of a kind.
func (k requestKind) last(t *testing.T) []byte {
	t.Helper()
	var sent []byte
	web := httptest.NewServer(anthropictest.NewServer(k.agent, anthropictest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
	defer web.Close()
	config := map[string]any{"endpoint": web.URL, "model": "claude-practice"}
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
	return sent
}

// The golden files are what .ci/strict holds against the official Python types. Those
// have no temperature, top_p and top_k, which the Go SDK has: anthropictest checks them.
func TestGoldenRequestsOfEveryKind(t *testing.T) {
	for name, kind := range requestKinds() {
		t.Run(name, func(t *testing.T) {
			var indented bytes.Buffer
			if err := json.Indent(&indented, kind.last(t), "", "  "); err != nil {
				t.Fatal(err)
			}
			got := append(indented.Bytes(), '\n')
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
			kind := requestKinds()[name]
			kind.config = map[string]any{"stream": false}
			if diff := cmp.Diff(decoded(t, sent), decoded(t, kind.last(t))); diff != "" {
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
