package chat_test

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
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
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
	agent  chattest.Agent
	start  core.Start
	turns  []core.Message
}

func calls(r *chattest.Request) chattest.Answer {
	if len(r.Messages) > 1 {
		return chattest.Answer{Text: "Done."}
	}
	return chattest.Answer{Calls: []chattest.Call{{ID: "call_a", Name: "look_up", Arguments: `{"account":"7"}`}, {ID: "call_b", Name: "dial", Arguments: `{`}}}
}

func requestKinds() map[string]requestKind {
	look := core.UserText("look and listen")
	look.Parts = append(
		look.Parts, value(core.Image, core.MediaPNG, "PNG"), value(core.Image, core.MediaJPEG, "JPEG"),
		value(core.Audio, core.MediaWAV, "RIFF"), value(core.Audio, "audio/mpeg", "ID3"),
	)
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	texts := core.UserText("one")
	texts.Parts = append(texts.Parts, value(core.Text, core.MediaText, "two"))
	hello := []core.Message{core.UserText("hello")}
	return map[string]requestKind{
		"least":     {turns: hello},
		"whole":     {config: map[string]any{"stream": false}, turns: hello},
		"system":    {start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"developer": {config: map[string]any{"system_role": "developer"}, start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"user":      {config: map[string]any{"system_role": "user"}, start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"history": {start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{value(core.Text, core.MediaText, "two")}},
		}}, turns: hello},
		"texts":   {config: map[string]any{"system_role": "user"}, start: core.Start{SystemPrompt: "Be kind."}, turns: []core.Message{texts, texts}},
		"media":   {config: map[string]any{"image_detail": "low"}, turns: []core.Message{look}},
		"tools":   {config: map[string]any{"tools": tools, "tool_choice": "look_up", "parallel_tool_calls": true}, agent: calls, turns: []core.Message{core.UserText("call"), toolResult("call_b", "busy")}},
		"refusal": {agent: func(*chattest.Request) chattest.Answer { return chattest.Answer{Refusal: "I cannot."} }, turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"spoken": {config: map[string]any{"modalities": []any{"text", "audio"}, "audio": map[string]any{"voice": "alloy"}}, agent: func(*chattest.Request) chattest.Answer {
			return chattest.Answer{Sound: make([]byte, 480), Transcript: "Hello."}
		}, turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"parameters": {config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "max_completion_tokens": 100, "stop": []any{"END", "STOP"}, "seed": 7, "presence_penalty": -1, "frequency_penalty": 1.5,
			"logit_bias": map[string]any{"50256": -100}, "reasoning_effort": "low", "verbosity": "low", "service_tier": "flex", "user": "u1",
			"response_format": map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "answer", "schema": map[string]any{"type": "object"}}},
			"parameters":      map[string]any{"store": false, "logprobs": true, "top_logprobs": 2},
		}, turns: hello},
		"former": {config: map[string]any{"max_tokens": 100, "seed_per_trial": true, "response_format": map[string]any{"type": "json_object"}}, start: core.Start{Seed: 5}, turns: hello},
	}
}

// last returns the last request of a kind, indented.
func (k requestKind) last(t *testing.T) []byte {
	t.Helper()
	var sent []byte
	web := httptest.NewServer(chattest.NewServer(k.agent, chattest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
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
