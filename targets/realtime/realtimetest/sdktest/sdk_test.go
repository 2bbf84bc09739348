package sdktest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/realtime"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	ours "github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const key = "sk-practice"

// recorder keeps the frames that clients send.
type recorder struct {
	mu     sync.Mutex
	frames [][]byte
}

func (r *recorder) observe(fromClient bool, frame []byte) {
	if fromClient {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.frames = append(r.frames, bytes.Clone(frame))
	}
}

func serve(t *testing.T, o realtimetest.Options) string {
	t.Helper()
	return serveFor(t, realtimetest.ToneAgent{}, o)
}

func serveFor(t *testing.T, agent realtimetest.Agent, o realtimetest.Options) string {
	t.Helper()
	o.APIKey = key
	server := realtimetest.NewServer(agent, o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL + "/v1"
}

func tone(t *testing.T, length time.Duration) []byte {
	t.Helper()
	pcm, err := realtimetest.ToneAgent{}.Speak(t.Context(), strings.Repeat("x", int(length/(100*time.Millisecond))))
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// converse holds a conversation with every kind of turn that the target has,
// and a reply that is cancelled.
func converse(t *testing.T, endpoint string) {
	t.Helper()
	clip := func(length time.Duration) core.Part {
		c, err := audio.FromPCM(tone(t, length), 24000)
		if err != nil {
			t.Fatal(err)
		}
		return core.Part{Value: core.WAVValue(audio.EncodeWAV(c))}
	}
	config, err := json.Marshal(map[string]any{
		"endpoint": endpoint, "model": "practice", "api_key": key, "voice": "marin", "max_output_tokens": 1000,
		"transcription_model": "ears", "max_reply_bytes": 200_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	target, err := core.Open[core.Target](t.Context(), ours.Component(), config)
	if err != nil {
		t.Fatal(err)
	}
	conversation, err := target.StartConversation(t.Context(), core.Start{
		SystemPrompt: "Be brief.",
		History: []core.Message{
			core.UserText("hello"),
			{Role: core.System, Parts: []core.Part{{Value: core.TextValue("a note")}}},
			{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("good day"), Transcript: true}}},
			{Role: core.Assistant, Parts: []core.Part{{Value: core.Value{
				Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c","name":"look_up","arguments":"{}"}`),
			}}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conversation.End(context.WithoutCancel(t.Context())) }()
	for _, m := range []core.Message{
		core.UserText("a <text> & more"),
		{Role: core.User, Parts: []core.Part{{Value: core.TextValue("listen")}, clip(time.Second)}},
		{Role: core.User, Parts: []core.Part{clip(30 * time.Second)}},
		{Role: core.Tool, Parts: []core.Part{{Value: core.Value{
			Modality: core.ToolResult, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c","output":"found"}`),
		}}}},
		core.UserText(strings.Repeat("this reply is longer than its limit ", 20)),
	} {
		if _, err := conversation.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatTheTargetSendsIsWhatTheOfficialTypesSay(t *testing.T) {
	var sent recorder
	converse(t, serve(t, realtimetest.Options{Observe: sent.observe}))
	seen := checkOfficial(t, &sent)
	sent.mu.Lock()
	defer sent.mu.Unlock()
	checkNulls(t, decoded(t, sent.frames[0]))
	for _, kind := range []string{
		"session.update", "conversation.item.create", "input_audio_buffer.append", "input_audio_buffer.commit",
		"response.create", "response.cancel",
	} {
		if seen[kind] == 0 {
			t.Errorf("the conversation sent no %s", kind)
		}
	}
}

// checkNulls looks for the explicit nulls, which the official types drop.
func checkNulls(t *testing.T, update map[string]any) {
	t.Helper()
	var typed struct {
		Session struct {
			Audio struct{ Input map[string]any }
		}
	}
	raw, err := json.Marshal(update)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &typed); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"turn_detection", "noise_reduction"} {
		if v, there := typed.Session.Audio.Input[name]; !there || v != nil {
			t.Errorf("%s is not null but %v", name, v)
		}
	}
}

func decoded(t *testing.T, frame []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(frame, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if inner == nil {
				delete(v, key)
				continue
			}
			v[key] = withoutNulls(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

// official is the official client on a practice server.
type official struct {
	t    *testing.T
	conn *realtime.RealtimeConnection
}

func connect(t *testing.T, endpoint string) official {
	t.Helper()
	return connectWith(t, endpoint, key)
}

func connectWith(t *testing.T, endpoint, key string) official {
	t.Helper()
	client := openai.NewClient(option.WithBaseURL(endpoint), option.WithAPIKey(key))
	conn, err := client.Realtime.Connect(t.Context(), realtime.RealtimeConnectionOptions{}, option.WithQuery("model", "practice"))
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	t.Cleanup(conn.Abort)
	return official{t: t, conn: conn}
}

func (o official) send(event string) {
	o.t.Helper()
	if err := o.conn.SendRaw(o.t.Context(), json.RawMessage(event)); err != nil {
		o.t.Fatal(err)
	}
}

// until receives events up to one of a type. Each has to be one that the
// client knows, and to have no field that it does not know.
func (o official) until(kind string) []realtime.RealtimeServerEventUnion {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 20*time.Second)
	defer cancel()
	var events []realtime.RealtimeServerEventUnion
	for {
		event, err := o.conn.Recv(ctx)
		if err != nil {
			o.t.Fatalf("waiting for %s: %v", kind, err)
		}
		if event.AsAny() == nil {
			o.t.Errorf("the official client does not know %s", event.RawJSON())
		}
		if event.Type == "error" && kind != "error" {
			o.t.Fatalf("waiting for %s: %s", kind, event.RawJSON())
		}
		events = append(events, event)
		if event.Type == kind {
			return events
		}
	}
}

func TestTheOfficialClientHoldsATextTurnWithThePracticeServer(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	o.until("session.created")
	o.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}`)
	o.until("session.updated")
	o.send(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"hello there"}]}}`)
	o.send(`{"type":"response.create","response":{"metadata":{"turn":"1"}}}`)
	events := o.until("response.done")
	var text string
	for _, e := range events {
		if e.Type == "response.output_text.delta" {
			text += e.AsResponseTextDeltaEvent().Delta
		}
	}
	if text != "hello there" {
		t.Errorf("the text is %q", text)
	}
	response := events[len(events)-1].AsResponseDoneEvent().Response
	if response.Status != "completed" || response.Metadata["turn"] != "1" || len(response.Output) != 1 {
		t.Errorf("the response is %s", response.RawJSON())
	}
	if response.Usage.OutputTokens != 2 || response.Usage.InputTokenDetails.TextTokens != 2 {
		t.Errorf("the usage is %s", response.Usage.RawJSON())
	}
}

func TestTheOfficialClientHoldsAnAudioTurnWithThePracticeServer(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	o.until("session.created")
	o.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"ears"}}}}}`)
	o.until("session.updated")
	o.send(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(tone(t, time.Second)) + `"}`)
	o.send(`{"type":"input_audio_buffer.commit"}`)
	o.until("conversation.item.input_audio_transcription.completed")
	o.send(`{"type":"response.create"}`)
	var sound []byte
	var transcript string
	for _, e := range o.until("response.done") {
		switch e.Type {
		case "response.output_audio.delta":
			data, err := base64.StdEncoding.DecodeString(e.AsResponseAudioDeltaEvent().Delta)
			if err != nil {
				t.Fatal(err)
			}
			sound = append(sound, data...)
		case "response.output_audio_transcript.done":
			transcript = e.AsResponseAudioTranscriptDoneEvent().Transcript
		}
	}
	if transcript != "440 Hz for 1000 ms" {
		t.Errorf("the transcript is %q", transcript)
	}
	if want := tone(t, time.Duration(len(transcript))*100*time.Millisecond); !slices.Equal(sound, want) {
		t.Errorf("%d bytes of audio, want %d of a tone", len(sound), len(want))
	}
}

func TestTheOfficialClientKnowsTheServersOtherEvents(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	o.send(`{"type":"conversation.item.create","item":{"id":"it_1","type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}`)
	o.until("conversation.item.done")
	o.send(`{"type":"conversation.item.retrieve","item_id":"it_1"}`)
	o.until("conversation.item.retrieved")
	o.send(`{"type":"response.create"}`)
	events := o.until("response.output_item.done")
	var spoken struct{ Item struct{ ID string } }
	if err := json.Unmarshal([]byte(events[len(events)-1].RawJSON()), &spoken); err != nil {
		t.Fatal(err)
	}
	o.until("response.done")
	o.send(`{"type":"conversation.item.truncate","item_id":"` + spoken.Item.ID + `","content_index":0,"audio_end_ms":50}`)
	o.until("conversation.item.truncated")
	o.send(`{"type":"conversation.item.delete","item_id":"it_1"}`)
	o.until("conversation.item.deleted")
	o.send(`{"type":"input_audio_buffer.clear"}`)
	o.until("input_audio_buffer.cleared")
	o.send(`{"type":"nonsense","event_id":"mine"}`)
	events = o.until("error")
	if got := events[len(events)-1].AsRealtimeErrorEvent().Error; got.EventID != "mine" || got.Code != "invalid_value" {
		t.Errorf("the error is %s", got.RawJSON())
	}
}
