package realtime_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestTheSessionIsConfiguredAsTheCampaignSays(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	target := p.target(t, settings{"voice": "marin", "max_output_tokens": 100, "transcription_model": "ears-1"})
	begin(t, target, core.Start{SystemPrompt: "Be brief."})
	update := p.sent(t)[0]
	want := map[string]any{
		"type": "session.update", "event_id": "ev_1",
		"session": map[string]any{
			"type": "realtime", "instructions": "Be brief.", "output_modalities": []any{"audio"},
			"max_output_tokens": 100.0, "truncation": "disabled",
			"audio": map[string]any{
				"input": map[string]any{
					"format":         map[string]any{"type": "audio/pcm", "rate": 24000.0},
					"turn_detection": nil, "noise_reduction": nil,
					"transcription": map[string]any{"model": "ears-1"},
				},
				"output": map[string]any{"format": map[string]any{"type": "audio/pcm", "rate": 24000.0}, "voice": "marin"},
			},
		},
	}
	if diff := cmp.Diff(want, update); diff != "" {
		t.Errorf("session.update (-want +got):\n%s", diff)
	}
}

func TestWithoutASystemPromptTheDeployedOneIsKept(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	p.talk(t, nil)
	session, ok := p.sent(t)[0]["session"].(map[string]any)
	if !ok {
		t.Fatal("no session")
	}
	if got, there := session["instructions"]; there {
		t.Errorf("instructions were sent: %q", got)
	}
}

func TestTheSystemPromptReachesTheTarget(t *testing.T) {
	told := realtimetest.ToneAgent{Reply: func(_ context.Context, instructions string, _ []realtimetest.Item) (string, error) {
		return instructions, nil
	}}
	c := begin(t, serve(t, told).target(t, nil), core.Start{SystemPrompt: "The vault code is blue eleven."})
	if got := send(t, c, core.UserText("hi")).Message.Text(); got != "The vault code is blue eleven." {
		t.Errorf("the target was told %q", got)
	}
}

func TestAHistoryIsGivenBackBeforeTheFirstTurn(t *testing.T) {
	var seen []realtimetest.Item
	agent := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		seen = items
		return "ok", nil
	}}
	p := serve(t, agent)
	history := []core.Message{
		core.UserText("hello"),
		{Role: core.Assistant, Parts: []core.Part{
			{Value: core.WAVValue(sineWAV(24000, 1, 16, 440))},
			{Value: core.TextValue("good day"), Transcript: true},
		}},
		spoken(t, time.Second),
		{Role: core.Assistant, Parts: []core.Part{
			{Value: core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c1","name":"look_up","arguments":"{}"}`)}},
		}},
		{Role: core.Tool, Parts: []core.Part{
			{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c1","output":"found"}`)}},
		}},
	}
	c := begin(t, p.target(t, nil), core.Start{History: history})
	send(t, c, core.UserText("go on"))
	type line struct {
		Role core.Role
		Text string
	}
	var got []line
	for _, it := range seen {
		got = append(got, line{it.Role, it.Text})
	}
	want := []line{
		{core.User, "hello"},
		{core.Assistant, "good day"},
		{core.User, "440 Hz for 1000 ms"},
		{core.Assistant, "{}"},
		{core.Tool, "found"},
		{core.User, "go on"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the target remembers (-want +got):\n%s", diff)
	}
}

func TestAssistantAudioWithoutATranscriptCannotBeGivenBack(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	history := []core.Message{{Role: core.Assistant, Parts: []core.Part{{Value: core.WAVValue(sineWAV(24000, 1, 16, 440))}}}}
	_, err := p.target(t, nil).StartConversation(t.Context(), core.Start{History: history})
	if core.KindOf(err) != core.ErrorUnsupported || !strings.Contains(err.Error(), "message 1 of the history") {
		t.Errorf("got %v", err)
	}
}
