package gemini_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

var update = flag.Bool("update", false, "write the golden files")

func calls(r *geminitest.Request) geminitest.Answer {
	if len(r.Contents) > 1 {
		return geminitest.Answer{Text: "Done."}
	}
	return geminitest.Answer{Signature: "c2lnbmVk", Calls: []geminitest.Call{{ID: "fc_1", Name: "look_up", Args: `{"account":"7"}`}, {Name: "dial", Args: `{}`}}}
}

func requestKinds() map[string]clienttest.Kind[geminitest.Agent] {
	look := core.UserText("look and listen")
	look.Parts = append(
		look.Parts, clienttest.Part(core.Image, core.MediaPNG, "PNG"), clienttest.Part(core.Image, core.MediaJPEG, "JPEG"),
		clienttest.Part(core.Audio, core.MediaWAV, "RIFF"), clienttest.Part(core.Audio, "audio/mpeg", "ID3"),
	)
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	hello := []core.Message{core.UserText("hello")}
	return map[string]clienttest.Kind[geminitest.Agent]{
		"least":  {Turns: hello},
		"system": {Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"user":   {Config: map[string]any{"system_role": "user"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"history": {Start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{clienttest.Part(core.Text, core.MediaText, "two"), clienttest.Part(core.ToolCall, core.MediaJSON, `{"call_id":"h","name":"dial","arguments":"{\"number\":12345678901234567890}"}`)}},
		}}, Turns: []core.Message{clienttest.Results("h", "busy")}},
		"media": {Config: map[string]any{"media_resolution": "MEDIA_RESOLUTION_LOW"}, Turns: []core.Message{look}},
		"tools": {Config: map[string]any{"tools": tools, "tool_choice": "look_up"}, Agent: calls, Turns: []core.Message{core.UserText("call"), clienttest.Results("call_2", "busy")}},
		"spoken": {Config: map[string]any{"response_modalities": []any{"audio"}, "voice": "Kore"}, Agent: func(*geminitest.Request) geminitest.Answer {
			return geminitest.Answer{Sound: make([]byte, 48)}
		}, Turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"thoughts": {Config: map[string]any{"thinking": map[string]any{"include": true, "level": "LOW"}}, Agent: func(*geminitest.Request) geminitest.Answer {
			return geminitest.Answer{Thought: "They ask.", Text: "No <b>.", Signature: "c2lnbmVk"}
		}, Turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"parameters": {Config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_output_tokens": 100, "stop_sequences": []any{"END", "STOP"}, "seed": 7, "presence_penalty": -1, "frequency_penalty": 1.5,
			"response_mime_type": "application/json", "response_json_schema": map[string]any{"type": "object"}, "thinking": map[string]any{"budget": 0}, "cached_content": "cachedContents/x",
			"safety_settings": map[string]any{"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE", "HARM_CATEGORY_DANGEROUS_CONTENT": "BLOCK_ONLY_HIGH"},
			"parameters":      map[string]any{"labels": map[string]any{"team": "red"}, "generationConfig": map[string]any{"responseLogprobs": true, "logprobs": 2}},
		}, Turns: hello},
		"seed": {Config: map[string]any{"seed_per_trial": true, "tool_choice": "required", "tools": tools[1:]}, Start: core.Start{Seed: 5}, Turns: hello},
	}
}

func golden() clienttest.Golden[geminitest.Agent, *geminitest.Server] {
	return clienttest.Golden[geminitest.Agent, *geminitest.Server]{Model: "gemini-practice", Kinds: requestKinds(), NewServer: geminitest.NewServer, Opened: opened}
}

// The golden files are what .ci/strict holds against the official Python types.
func TestGoldenRequestsOfEveryKind(t *testing.T) { golden().Run(t, *update) }

func TestEveryGoldenRequestIsOfAKind(t *testing.T) { golden().NoOther(t) }

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
			if diff := cmp.Diff(decoded(t, sent), decoded(t, golden().Last(t, name, nil))); diff != "" {
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
