package chat_test

import (
	"flag"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

var update = flag.Bool("update", false, "write the golden files")

func calls(r *chattest.Request) chattest.Answer {
	if len(r.Messages) > 1 {
		return chattest.Answer{Text: "Done."}
	}
	return chattest.Answer{Calls: []chattest.Call{{ID: "call_a", Name: "look_up", Arguments: `{"account":"7"}`}, {ID: "call_b", Name: "dial", Arguments: `{`}}}
}

func requestKinds() map[string]clienttest.Kind[chattest.Agent] {
	look := core.UserText("look and listen")
	look.Parts = append(
		look.Parts, clienttest.Part(core.Image, core.MediaPNG, "PNG"), clienttest.Part(core.Image, core.MediaJPEG, "JPEG"),
		clienttest.Part(core.Audio, core.MediaWAV, "RIFF"), clienttest.Part(core.Audio, "audio/mpeg", "ID3"),
	)
	tools := []any{
		map[string]any{"name": "look_up", "description": "Reads an account.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}}},
		map[string]any{"name": "dial"},
	}
	texts := core.UserText("one")
	texts.Parts = append(texts.Parts, clienttest.Part(core.Text, core.MediaText, "two"))
	hello := []core.Message{core.UserText("hello")}
	return map[string]clienttest.Kind[chattest.Agent]{
		"least":     {Turns: hello},
		"whole":     {Config: map[string]any{"stream": false}, Turns: hello},
		"system":    {Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"developer": {Config: map[string]any{"system_role": "developer"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"user":      {Config: map[string]any{"system_role": "user"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: hello},
		"history": {Start: core.Start{History: []core.Message{
			core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{clienttest.Part(core.Text, core.MediaText, "two")}},
		}}, Turns: hello},
		"texts":   {Config: map[string]any{"system_role": "user"}, Start: core.Start{SystemPrompt: "Be kind."}, Turns: []core.Message{texts, texts}},
		"media":   {Config: map[string]any{"image_detail": "low"}, Turns: []core.Message{look}},
		"tools":   {Config: map[string]any{"tools": tools, "tool_choice": "look_up", "parallel_tool_calls": true}, Agent: calls, Turns: []core.Message{core.UserText("call"), clienttest.Results("call_b", "busy")}},
		"refusal": {Agent: func(*chattest.Request) chattest.Answer { return chattest.Answer{Refusal: "I cannot."} }, Turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"spoken": {Config: map[string]any{"modalities": []any{"text", "audio"}, "audio": map[string]any{"voice": "alloy"}}, Agent: func(*chattest.Request) chattest.Answer {
			return chattest.Answer{Sound: make([]byte, 480), Transcript: "Hello."}
		}, Turns: []core.Message{core.UserText("one"), core.UserText("two")}},
		"parameters": {Config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "max_completion_tokens": 100, "stop": []any{"END", "STOP"}, "seed": 7, "presence_penalty": -1, "frequency_penalty": 1.5,
			"logit_bias": map[string]any{"50256": -100}, "reasoning_effort": "low", "verbosity": "low", "service_tier": "flex", "user": "u1",
			"response_format": map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "answer", "schema": map[string]any{"type": "object"}}},
			"parameters":      map[string]any{"store": false, "logprobs": true, "top_logprobs": 2},
		}, Turns: hello},
		"former": {Config: map[string]any{"max_tokens": 100, "seed_per_trial": true, "response_format": map[string]any{"type": "json_object"}}, Start: core.Start{Seed: 5}, Turns: hello},
	}
}

func golden() clienttest.Golden[chattest.Agent, *chattest.Server] {
	return clienttest.Golden[chattest.Agent, *chattest.Server]{Model: "gpt-practice", Kinds: requestKinds(), NewServer: chattest.NewServer, Opened: opened}
}

// The golden files are what .ci/strict holds against the official Python types.
func TestGoldenRequestsOfEveryKind(t *testing.T) { golden().Run(t, *update) }

func TestEveryGoldenRequestIsOfAKind(t *testing.T) { golden().NoOther(t) }
