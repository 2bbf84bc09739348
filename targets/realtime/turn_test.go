package realtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestATextTurnIsAnsweredInAudioAndTranscript(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, nil)
	reply := send(t, c, core.UserText("hello  there,\nyou"))
	if got := reply.Message.Text(); got != "hello  there,\nyou" {
		t.Errorf("the transcript is %q", got)
	}
	clip := clipOf(t, reply)
	if clip.Rate != 24000 || clip.Duration() != 1700*time.Millisecond {
		t.Errorf("the audio is %v", clip)
	}
	if reply.Finish != core.FinishComplete || reply.Detail != "" || len(reply.Warnings) > 0 {
		t.Errorf("finish %q, detail %q, warnings %q", reply.Finish, reply.Detail, reply.Warnings)
	}
	transcripts := reply.Message.Parts
	if len(transcripts) != 2 || transcripts[0].Modality != core.Audio || !transcripts[1].Transcript {
		t.Errorf("the parts are not audio and its transcript: %d parts", len(transcripts))
	}
}

func TestATargetThatIsToWriteAnswersInText(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, settings{"output": "text"})
	reply := send(t, c, core.UserText("hello"))
	want := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("hello")}}}
	if diff := cmp.Diff(want, reply.Message); diff != "" {
		t.Errorf("the reply (-want +got):\n%s", diff)
	}
}

func TestTwoTurnsOnOneConversationRememberEachOther(t *testing.T) {
	p := serve(t, remembers())
	first, second := p.talk(t, nil), p.talk(t, nil)
	send(t, first, core.UserText("one"))
	if got := send(t, first, core.UserText("two")).Message.Text(); got != "one then two" {
		t.Errorf("the second turn was answered with %q", got)
	}
	if got := send(t, second, core.UserText("three")).Message.Text(); got != "three" {
		t.Errorf("another conversation was answered with %q", got)
	}
	if got := p.Stats().Connections; got != 2 {
		t.Errorf("%d connections for two conversations", got)
	}
}

func TestAToolResultIsAnswered(t *testing.T) {
	agent := realtimetest.ToneAgent{Tools: func(_ context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
		if items[len(items)-1].Role != core.User || len(tools) != 1 {
			return nil, nil
		}
		return []realtimetest.ToolCall{{Name: tools[0].Name, Arguments: `{"account":7}`}}, nil
	}}
	p := serve(t, agent, "drop-after-reply@2")
	c := p.talk(t, settings{"output": "text", "tools": []any{settings{"name": "look_up", "parameters": settings{"type": "object"}}}})
	reply := send(t, c, core.UserText("look at my account"))
	calls := reply.Message.Of(core.ToolCall)
	var call struct {
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	}
	if len(calls) != 1 || json.Unmarshal(calls[0].Data, &call) != nil || call.Name != "look_up" || call.Arguments != `{"account":7}` {
		t.Fatalf("the target called %+v", calls)
	}
	if reply.Finish != core.FinishComplete {
		t.Errorf("the call is %s (%s)", reply.Finish, reply.Detail)
	}
	result := core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: fmt.Appendf(nil, `{"call_id":%q,"output":"42"}`, call.CallID)}
	if got := send(t, c, core.Message{Role: core.Tool, Parts: []core.Part{{Value: result}}}).Message.Text(); got != "42" {
		t.Errorf("the target saw %q", got)
	}
	p.sent(t)
	send(t, c, core.Message{Role: core.Tool, Parts: []core.Part{{Value: result}}}) // on another connection
	// What went into the old one, before its end was noticed, is given once more.
	sent := p.sent(t)
	begun := slices.IndexFunc(sent, func(event map[string]any) bool { return event["type"] == "session.update" })
	if begun < 0 {
		t.Fatal("there is no other connection")
	}
	var kinds []string
	for _, event := range of(sent[begun:], "conversation.item.create") {
		item, _ := event["item"].(map[string]any)
		kinds = append(kinds, fmt.Sprint(item["type"]))
	}
	if want := []string{"message", "function_call", "function_call_output", "message", "function_call_output"}; !slices.Equal(kinds, want) {
		t.Errorf("the service was given %q, want %q", kinds, want)
	}
}

func TestMessagesThatCannotBeSentAreRefusedAndTheConversationGoesOn(t *testing.T) {
	part := func(m core.Modality, media, data string) core.Message {
		return core.Message{Role: core.User, Parts: []core.Part{{Value: core.Value{Modality: m, MediaType: media, Data: []byte(data)}}}}
	}
	tests := map[string]struct {
		message core.Message
		kind    core.ErrorKind
		says    string
	}{
		"nothing":           {core.Message{Role: core.User}, core.ErrorInput, "empty"},
		"another role":      {core.Message{Role: core.Assistant, Parts: core.UserText("x").Parts}, core.ErrorUnsupported, "assistant message"},
		"another image":     {part(core.Image, "image/webp", "x"), core.ErrorUnsupported, "image/webp"},
		"empty image":       {part(core.Image, "image/png", ""), core.ErrorInput, "image of 0 bytes"},
		"MP3":               {part(core.Audio, "audio/mpeg", "x"), core.ErrorUnsupported, "audio/mpeg"},
		"broken WAV":        {part(core.Audio, "audio/wav", "RIFF"), core.ErrorInput, "reading the audio"},
		"empty WAV":         {userAudio(sineWAV(0, 1, 16, 1)), core.ErrorInput, "audio"},
		"invalid UTF-8":     {part(core.Text, core.MediaText, "\xff"), core.ErrorInput, "UTF-8"},
		"broken result":     {core.Message{Role: core.Tool, Parts: core.UserText("x").Parts}, core.ErrorInput, "part 1"},
		"long tool call id": {core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{Modality: core.ToolResult, Data: []byte(`{"call_id":"` + strings.Repeat("x", 33) + `"}`)}}}}, core.ErrorInput, "string_above_max_length"},
	}
	c := serve(t, remembers()).talk(t, settings{"output": "text"})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Send(t.Context(), test.message)
			if core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got a %s error: %v; want %s with %q", core.KindOf(err), err, test.kind, test.says)
			}
		})
	}
	if got := send(t, c, core.UserText("still there?")).Message.Text(); got != "still there?" {
		t.Errorf("afterwards the target answers %q", got)
	}
}

func TestUsageAndTimingsAreReported(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, nil)
	reply := send(t, c, core.UserText("one two three"))
	want := core.Usage{InputTokens: 3, InputTextTokens: 3, OutputTokens: 29, OutputTextTokens: 3, OutputAudioTokens: 26}
	if diff := cmp.Diff(want, reply.Usage); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	timing := reply.Timing
	if timing.FirstEvent <= 0 || timing.FirstAudio < timing.FirstEvent || timing.Total < timing.FirstAudio {
		t.Errorf("timing = %+v", timing)
	}
}

func TestWhatTheServiceHeardIsNotedWhereItIsAskedFor(t *testing.T) {
	var p *practice
	agent := realtimetest.ToneAgent{Reply: func(context.Context, string, []realtimetest.Item) (string, error) {
		// The transcript may come late; here the reply waits for it.
		for frame := range p.replies {
			if bytes.Contains(frame, []byte("input_audio_transcription.completed")) {
				return "ok", nil
			}
		}
		return "", errors.New("never transcribed")
	}}
	p = serve(t, agent)
	c := p.talk(t, settings{"transcription_model": "ears-1"})
	reply := send(t, c, spoken(t, time.Second))
	if want := "440 Hz for 1000 ms"; reply.Heard != want {
		t.Errorf("heard %q, want %q", reply.Heard, want)
	}
}

func TestACancelledContextEndsTheWait(t *testing.T) {
	asked := make(chan struct{})
	agent := realtimetest.ToneAgent{Reply: func(ctx context.Context, _ string, _ []realtimetest.Item) (string, error) {
		close(asked)
		<-ctx.Done()
		return "", ctx.Err()
	}}
	c := serve(t, agent).talk(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, err := c.Send(ctx, core.UserText("hello"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestEndCanBeRepeatedAndNothingCanBeSentAfterIt(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	c := p.talk(t, nil)
	for range 2 {
		if err := c.End(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Send(t.Context(), core.UserText("hello")); err == nil {
		t.Error("a turn was sent in a conversation that had ended")
	}
}

func TestManyConversationsAtATimeKeepApart(t *testing.T) {
	p := serve(t, remembers())
	target := p.target(t, settings{"output": "text"})
	names := []string{"ann", "ben", "cem", "dee", "eva", "fay", "gus", "hal"}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := begin(t, target, core.Start{})
			for range 3 {
				send(t, c, core.UserText(name))
			}
			if got, want := send(t, c, core.UserText("end")).Message.Text(), strings.Repeat(name+" then ", 3)+"end"; got != want {
				t.Errorf("the target remembers %q, want %q", got, want)
			}
		})
	}
}
