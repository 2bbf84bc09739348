package sdktest_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/openai/openai-go/v3/realtime"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	ours "github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// everySetting is a configuration with every setting of a session.
func everySetting(endpoint string, detection map[string]any) map[string]any {
	return map[string]any{
		"endpoint": endpoint, "model": "practice", "api_key": key,
		"voice": "voice_abc", "speed": 1.25, "max_output_tokens": 1000, "audio_format": "pcmu", "output_audio_format": "pcma",
		"transcription_model": "ears", "transcription_languages": []any{"en", "de"}, "transcription_keywords": []any{"vault", "blue eleven"},
		"transcription_prompt": "A call to a bank.", "transcription_delay": "low", "include": []any{"item.input_audio_transcription.logprobs"},
		"prompt": map[string]any{"id": "pmpt_1", "version": "2", "variables": map[string]any{
			"who": "Ann", "note": map[string]any{"type": "input_text", "text": "a note"},
		}},
		"tracing":         map[string]any{"workflow_name": "red", "group_id": "g", "metadata": map[string]any{"run": "1"}},
		"noise_reduction": "far_field", "truncation": "retention_ratio", "retention_ratio": 0.5, "retention_tokens": 5000,
		"tools": []any{map[string]any{
			"type": "mcp", "server_label": "bank", "server_url": "https://mcp.bank.example/sse", "server_description": "Accounts.",
			"authorization": "tok-4711", "headers": map[string]any{"X-Team": "red"}, "allowed_tools": []any{"look_up"},
			"require_approval": map[string]any{"never": map[string]any{"tool_names": []any{"look_up"}}}, "defer_loading": true,
		}, map[string]any{
			"name": "look_up", "description": "Reads an account.",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{"account": map[string]any{"type": "string"}}},
		}},
		"tool_choice": "look_up", "parallel_tool_calls": false, "reasoning_effort": "low",
		"turn_detection": detection,
	}
}

// surface holds a conversation with every way to say something: streamed, said
// over a reply, aside, with an image, under another system prompt, and on a
// second connection.
func surface(t *testing.T, config map[string]any) {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := core.Open[core.Target](t.Context(), ours.Component(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	conversation, err := target.StartConversation(t.Context(), core.Start{SystemPrompt: "Be brief."})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conversation.End(context.WithoutCancel(t.Context())) }()

	clip, err := audio.FromPCM(tone(t, 400*time.Millisecond), 24000)
	if err != nil {
		t.Fatal(err)
	}
	streamed := core.Message{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(audio.EncodeWAV(clip))}}}
	streamed.Delivery.Stream = true
	over := streamed
	over.Delivery.InterruptAfter = 100 * time.Millisecond
	stop := core.UserText("stop")
	stop.Delivery.InterruptAfter = 100 * time.Millisecond
	exchanges := [][]core.Message{{core.UserText("tell me more"), over}, {core.UserText("and more"), stop}}
	for _, messages := range exchanges {
		if _, err := conversation.(core.Interruptible).Exchange(t.Context(), messages); err != nil {
			t.Fatal(err)
		}
	}
	prompt := "Be long."
	prompted := core.UserText("as you wish")
	prompted.Delivery.SystemPrompt = &prompt
	aside := core.UserText("between us")
	aside.Delivery.OutOfBand = true
	picture := core.UserText("look")
	picture.Parts = append(picture.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: "image/png", Data: []byte("png")}})
	for _, m := range []core.Message{streamed, prompted, aside, picture, core.UserText("once more")} {
		if _, err := conversation.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryWayToTalkIsWhatTheOfficialTypesSay(t *testing.T) {
	for name, detection := range map[string]map[string]any{
		"turns that the campaign ends":    {"mode": "off"},
		"turns that end with a silence":   {"mode": "server_vad", "threshold": 0.4, "prefix_padding": "200ms", "silence_duration": "200ms", "idle_timeout": "6s"},
		"turns that end with their sense": {"mode": "semantic_vad", "eagerness": "high"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent recorder
			fault, err := realtimetest.ParseFault("drop-after-reply@7")
			if err != nil {
				t.Fatal(err)
			}
			surface(t, everySetting(serve(t, realtimetest.Options{Observe: sent.observe, Faults: []realtimetest.Fault{fault}}), detection))
			seen := checkOfficial(t, &sent)
			for _, kind := range []string{
				"session.update", "conversation.item.create", "conversation.item.truncate",
				"input_audio_buffer.append", "response.create",
			} {
				if seen[kind] == 0 {
					t.Errorf("the conversation sent no %s", kind)
				}
			}
			if seen["session.update"] < 3 { // two connections, and a change
				t.Errorf("%d session updates", seen["session.update"])
			}
		})
	}
}

// checkOfficial takes every frame through the official types and back, and
// counts the events by their type.
func checkOfficial(t *testing.T, sent *recorder) map[string]int {
	t.Helper()
	sent.mu.Lock()
	defer sent.mu.Unlock()
	seen := map[string]int{}
	for _, frame := range sent.frames {
		var event realtime.RealtimeClientEventUnionParam
		if err := json.Unmarshal(frame, &event); err != nil {
			t.Fatalf("the official types do not take %.300s: %v", frame, err)
		}
		again, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		want := decoded(t, frame)
		kind, _ := want["type"].(string)
		seen[kind]++
		if diff := cmp.Diff(withoutNulls(want), withoutNulls(decoded(t, again))); diff != "" {
			t.Errorf("%s loses or changes something on its way through the official types (-ours +theirs):\n%s", kind, diff)
		}
	}
	return seen
}
