package gemini_test

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

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
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
	agent  geminitest.Agent
	start  core.Start
	turns  []core.Message
}

func calls(r *geminitest.Request) geminitest.Answer {
	if len(r.Contents) > 1 {
		return geminitest.Answer{Text: "Done."}
	}
	return geminitest.Answer{Signature: "c2lnbmVk", Calls: []geminitest.Call{{ID: "fc_1", Name: "look_up", Args: `{"account":"7"}`}, {Name: "dial", Args: `{}`}}}
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
	hello := []core.Message{core.UserText("hello")}
	return map[string]requestKind{
		"least":  {turns: hello},
		"system": {start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"user":   {config: map[string]any{"system_role": "user"}, start: core.Start{SystemPrompt: "Be kind."}, turns: hello},
		"history": {start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{value(core.Text, core.MediaText, "two"), value(core.ToolCall, core.MediaJSON, `{"call_id":"h","name":"dial","arguments":"{\"number\":12345678901234567890}"}`)}},
		}}, turns: []core.Message{toolResult("h", "busy")}},
		"media": {config: map[string]any{"media_resolution": "MEDIA_RESOLUTION_LOW"}, turns: []core.Message{look}},
		"tools": {config: map[string]any{"tools": tools, "tool_choice": "look_up"}, agent: calls, turns: []core.Message{core.UserText("call"), toolResult("call_2", "busy")}},
		"spoken": {config: map[string]any{"response_modalities": []any{"audio"}, "voice": "Kore"}, agent: func(*geminitest.Request) geminitest.Answer {
			return geminitest.Answer{Sound: make([]byte, 48)}
		}, turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"thoughts": {config: map[string]any{"thinking": map[string]any{"include": true, "level": "LOW"}}, agent: func(*geminitest.Request) geminitest.Answer {
			return geminitest.Answer{Thought: "They ask.", Text: "No <b>.", Signature: "c2lnbmVk"}
		}, turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"parameters": {config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_output_tokens": 100, "stop_sequences": []any{"END", "STOP"}, "seed": 7, "presence_penalty": -1, "frequency_penalty": 1.5,
			"response_mime_type": "application/json", "response_json_schema": map[string]any{"type": "object"}, "thinking": map[string]any{"budget": 0}, "cached_content": "cachedContents/x",
			"safety_settings": map[string]any{"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE", "HARM_CATEGORY_DANGEROUS_CONTENT": "BLOCK_ONLY_HIGH"},
			"parameters":      map[string]any{"labels": map[string]any{"team": "red"}, "generationConfig": map[string]any{"responseLogprobs": true, "logprobs": 2}},
		}, turns: hello},
		"seed": {config: map[string]any{"seed_per_trial": true, "tool_choice": "required", "tools": tools[1:]}, start: core.Start{Seed: 5}, turns: hello},
	}
}

// last returns the last request of a kind.
func (k requestKind) last(t *testing.T) []byte {
	t.Helper()
	var sent []byte
	web := httptest.NewServer(geminitest.NewServer(k.agent, geminitest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
	defer web.Close()
	config := map[string]any{"endpoint": web.URL, "model": "gemini-practice"}
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

// The golden files are what .ci/strict holds against the official Python types.
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

// The SDK's own client is asked for the same, and its requests are compared.
func TestTheRequestsAreThoseOfTheSDK(t *testing.T) {
	call := &genai.FunctionCall{ID: "fc_1", Name: "look_up", Args: map[string]any{"account": "7"}}
	declared := []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{
		{Name: "look_up", Description: "Reads an account.", ParametersJsonSchema: map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		{Name: "dial"},
	}}}
	for name, test := range map[string]struct {
		contents []*genai.Content
		config   genai.GenerateContentConfig
	}{
		"least": {contents: genai.Text("hello")},
		"media": {
			contents: []*genai.Content{{Role: "user", Parts: []*genai.Part{
				{Text: "look and listen"},
				genai.NewPartFromBytes([]byte("PNG"), "image/png"), genai.NewPartFromBytes([]byte("JPEG"), "image/jpeg"),
				genai.NewPartFromBytes([]byte("RIFF"), "audio/wav"), genai.NewPartFromBytes([]byte("ID3"), "audio/mp3"),
			}}},
			config: genai.GenerateContentConfig{MediaResolution: genai.MediaResolutionLow},
		},
		"tools": {
			contents: []*genai.Content{
				{Role: "user", Parts: []*genai.Part{{Text: "call"}}},
				{Role: "model", Parts: []*genai.Part{{FunctionCall: call}, {FunctionCall: &genai.FunctionCall{Name: "dial", Args: map[string]any{}}, ThoughtSignature: []byte("signed")}}},
				{Role: "user", Parts: []*genai.Part{
					{FunctionResponse: &genai.FunctionResponse{ID: "fc_1", Name: "look_up", Response: map[string]any{"output": "There is no result."}}},
					{FunctionResponse: &genai.FunctionResponse{Name: "dial", Response: map[string]any{"output": "busy"}}},
				}},
			},
			config: genai.GenerateContentConfig{Tools: declared, ToolConfig: &genai.ToolConfig{FunctionCallingConfig: &genai.FunctionCallingConfig{
				Mode: genai.FunctionCallingConfigModeAny, AllowedFunctionNames: []string{"look_up"},
			}}},
		},
		"parameters": {
			contents: genai.Text("hello"),
			config: genai.GenerateContentConfig{
				Temperature: genai.Ptr[float32](0.7), TopP: genai.Ptr[float32](0.9), TopK: genai.Ptr[float32](40), MaxOutputTokens: 100, StopSequences: []string{"END", "STOP"},
				Seed: genai.Ptr[int32](7), PresencePenalty: genai.Ptr[float32](-1), FrequencyPenalty: genai.Ptr[float32](1.5), ResponseMIMEType: "application/json",
				ResponseJsonSchema: map[string]any{"type": "object"}, ThinkingConfig: &genai.ThinkingConfig{ThinkingBudget: genai.Ptr[int32](0)}, CachedContent: "cachedContents/x",
				SafetySettings: []*genai.SafetySetting{
					{Category: genai.HarmCategoryDangerousContent, Threshold: genai.HarmBlockThresholdBlockOnlyHigh},
					{Category: genai.HarmCategoryHarassment, Threshold: genai.HarmBlockThresholdBlockNone},
				},
				ResponseLogprobs: true, Logprobs: genai.Ptr[int32](2),
				HTTPOptions: &genai.HTTPOptions{ExtraBody: map[string]any{"labels": map[string]any{"team": "red"}}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []byte
			web := httptest.NewServer(geminitest.NewServer(nil, geminitest.Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
			defer web.Close()
			client, err := genai.NewClient(t.Context(), &genai.ClientConfig{
				APIKey: "AIza-practice", Backend: genai.BackendGeminiAPI, HTTPClient: web.Client(), HTTPOptions: genai.HTTPOptions{BaseURL: web.URL},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Models.GenerateContent(t.Context(), "gemini-practice", test.contents, &test.config); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, sent), decoded(t, requestKinds()[name].last(t))); diff != "" {
				t.Errorf("the request differs from the SDK's (-SDK +target):\n%s", diff)
			}
		})
	}
}

// decoded decodes a request, without members that are empty objects: the SDK adds
// some, and leaves others out.
func decoded(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return dense(v)
}

func dense(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = dense(v[i])
		}
	case map[string]any:
		for name, inner := range v {
			if object, ok := dense(inner).(map[string]any); ok && len(object) == 0 {
				delete(v, name)
			}
		}
	}
	return v
}
