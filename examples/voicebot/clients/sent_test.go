package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	notes "github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// everySetting is a configuration of the target "realtime" with every setting of a
// session.
func everySetting(address string, detection map[string]any) map[string]any {
	return map[string]any{
		"endpoint": "http://" + address + "/v1", "model": "practice", "voice": "voice_abc", "speed": 1.25, "max_output_tokens": "inf",
		"audio_format": "pcmu", "output_audio_format": "pcma", "noise_reduction": "far_field",
		"truncation": "retention_ratio", "retention_ratio": 0.5, "retention_tokens": 5000,
		"transcription_model": "ears", "transcription_languages": []string{"en", "de"}, "transcription_keywords": []string{"vault"},
		"transcription_prompt": "A call to a bank.", "transcription_delay": "low", "include": []string{"item.input_audio_transcription.logprobs"},
		"prompt": map[string]any{"id": "pmpt_1", "version": "2", "variables": map[string]any{
			"who": "Ann", "note": map[string]any{"type": "input_text", "text": "a note"},
			"card":  map[string]any{"type": "input_image", "file_id": "file_1", "detail": "low"},
			"terms": map[string]any{"type": "input_file", "file_url": "https://bank.example/terms", "filename": "terms.pdf"},
		}},
		"tracing": map[string]any{"workflow_name": "red", "group_id": "g", "metadata": map[string]any{"run": "1"}},
		"tools": []any{
			map[string]any{"name": "open", "description": "Opens.", "parameters": map[string]any{"type": "object"}},
			map[string]any{
				"type": "mcp", "server_label": "notes", "server_url": notes.NotesAddress, "server_description": "Notes.",
				"authorization": "t", "headers": map[string]any{"A": "b"}, "allowed_tools": []string{"look_up"}, "allowed_callers": []string{"direct"},
				"require_approval": map[string]any{"always": map[string]any{"tool_names": []string{"look_up"}}},
			},
			map[string]any{"type": "mcp", "server_label": "mail", "connector_id": "connector_gmail", "defer_loading": true, "allowed_tools": map[string]any{"read_only": true}, "require_approval": "never"},
		},
		"parallel_tool_calls": false, "reasoning_effort": "low", "turn_detection": detection,
	}
}

// recordTarget records everything that the target "realtime" sends.
func recordTarget(t *testing.T, r *recording) {
	t.Helper()
	for name, detection := range map[string]map[string]any{
		"turns that the campaign ends":    {"mode": "off"},
		"turns that end with a silence":   {"mode": "server_vad", "threshold": 0.4, "prefix_padding": "200ms", "silence_duration": "200ms", "idle_timeout": "6s"},
		"turns that end with their sense": {"mode": "semantic_vad", "eagerness": "high"},
	} {
		record := func(change map[string]any) {
			t.Helper()
			var lock sync.Mutex
			var frames [][]byte
			address := toneServer(t, realtimetest.Options{Observe: func(fromClient bool, frame []byte) {
				lock.Lock()
				defer lock.Unlock()
				if fromClient {
					frames = append(frames, bytes.Clone(frame))
				}
			}})
			config := everySetting(address, detection)
			for key, value := range change {
				config[key] = value
			}
			talk(t, config)
			lock.Lock()
			defer lock.Unlock()
			for _, frame := range frames {
				r.add(t, "client", "the target, "+name, false, frame)
			}
		}
		record(map[string]any{"approve": []string{"look_up"}, "tool_choice": map[string]any{"type": "mcp", "server_label": "notes", "name": "look_up"}})
		record(map[string]any{"tool_choice": map[string]any{"type": "mcp", "server_label": "notes"}, "tracing": "off", "max_output_tokens": 100, "truncation": "auto", "retention_tokens": 0, "noise_reduction": "off"})
		record(map[string]any{"tool_choice": "open", "tracing": "auto", "voice": "marin", "truncation": "disabled", "retention_tokens": 0, "prompt": nil, "output": "text"})
	}
}

// talk holds a conversation in every way, and answers what is called.
func talk(t *testing.T, config map[string]any) {
	t.Helper()
	if config["prompt"] == nil {
		delete(config, "prompt")
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := core.Open[core.Target](t.Context(), realtime.Component(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), core.Start{SystemPrompt: "Be brief.", History: []core.Message{core.UserText("hello"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("good day")}}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.End(context.WithoutCancel(t.Context())) }()
	streamed := core.Message{Role: core.User, Parts: []core.Part{clip(t, 4)}, Delivery: core.Delivery{Stream: true}}
	prompt := "Be long."
	prompted, aside, picture := core.UserText("as you wish"), core.UserText("between us"), core.UserText("look")
	prompted.Delivery.SystemPrompt, aside.Delivery.OutOfBand = &prompt, true
	picture.Parts = append(picture.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: "image/png", Data: []byte("png")}})
	messages := []core.Message{
		core.UserText("what is in my account?"), {Role: core.User, Parts: []core.Part{clip(t, 5)}}, streamed, prompted, aside, picture,
	}
	if detection, ok := config["turn_detection"].(map[string]any); ok && detection["mode"] == "off" { // else it would be sent at the pace of speech
		messages = append(messages, core.Message{Role: core.User, Parts: []core.Part{clip(t, 1500)}})
	}
	for _, m := range messages {
		reply, err := c.Send(t.Context(), m)
		if err != nil {
			t.Fatalf("%v: %v", m.Parts[0].Modality, err)
		}
		if !m.Delivery.OutOfBand { // what is called aside is not in the conversation
			answerCalls(t, c, reply)
		}
	}
}

// answerCalls answers the calls that wait, first by approval.
func answerCalls(t *testing.T, c core.Conversation, reply core.Reply) {
	t.Helper()
	for i, call := range reply.Message.WaitingCalls() {
		var named struct {
			ID string `json:"call_id"`
		}
		if err := json.Unmarshal(call.Data, &named); err != nil {
			t.Fatal(err)
		}
		output := []string{"approve", "not today"}[i%2]
		result := core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: fmt.Appendf(nil, `{"call_id":%q,"output":%q}`, named.ID, output)}
		if _, err := c.Send(t.Context(), core.Message{Role: core.Tool, Parts: []core.Part{{Value: result}}}); err != nil {
			t.Fatal(err)
		}
	}
}

// clip is a tone of some tenths of a second.
func clip(t *testing.T, tenths int) core.Part {
	t.Helper()
	pcm, err := realtimetest.ToneAgent{}.Speak(t.Context(), strings.Repeat("x", tenths))
	if err != nil {
		t.Fatal(err)
	}
	sound, err := audio.FromPCM(pcm, 24000)
	if err != nil {
		t.Fatal(err)
	}
	return core.Part{Value: core.WAVValue(audio.EncodeWAV(sound))}
}
