package sdktest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/realtime"
	"github.com/openai/openai-go/v3/responses"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// The tests of this file drive the practice server with the official client's
// own types. Whatever comes back is an event that the client knows; until looks
// after that.

func (o official) event(e realtime.RealtimeClientEventUnionParam) {
	o.t.Helper()
	if err := o.conn.Send(o.t.Context(), e); err != nil {
		o.t.Fatal(err)
	}
}

// last waits for an event of a type and returns it.
func (o official) last(kind string) realtime.RealtimeServerEventUnion {
	o.t.Helper()
	events := o.until(kind)
	return events[len(events)-1]
}

// configure sets a session up that answers in text.
func (o official) configure(session realtime.RealtimeSessionCreateRequestParam) realtime.RealtimeServerEventUnion {
	o.t.Helper()
	session.OutputModalities = []string{"text"}
	o.event(realtime.RealtimeClientEventUnionParam{OfSessionUpdate: &realtime.SessionUpdateEventParam{
		Session: realtime.SessionUpdateEventSessionUnionParam{OfRealtime: &session},
	}})
	return o.last("session.updated")
}

func (o official) item(item realtime.ConversationItemUnionParam) string {
	o.t.Helper()
	o.event(realtime.RealtimeClientEventUnionParam{OfConversationItemCreate: &realtime.ConversationItemCreateEventParam{Item: item}})
	return o.last("conversation.item.done").AsConversationItemDone().Item.AsRealtimeConversationItemUserMessage().ID
}

func (o official) hear(data []byte) {
	o.t.Helper()
	o.event(realtime.RealtimeClientEventUnionParam{OfInputAudioBufferAppend: &realtime.InputAudioBufferAppendEventParam{
		Audio: base64.StdEncoding.EncodeToString(data),
	}})
}

func (o official) respond(params realtime.RealtimeResponseCreateParams) {
	o.t.Helper()
	o.event(realtime.RealtimeClientEventUnionParam{OfResponseCreate: &realtime.ResponseCreateEventParam{Response: params}})
}

func silence(length time.Duration) []byte {
	return make([]byte, 48*length.Milliseconds())
}

func userMessage(parts ...realtime.RealtimeConversationItemUserMessageContentParam) realtime.ConversationItemUnionParam {
	return realtime.ConversationItemParamOfRealtimeUserMessageItem(parts)
}

func written(text string) realtime.RealtimeConversationItemUserMessageContentParam {
	return realtime.RealtimeConversationItemUserMessageContentParam{Type: "input_text", Text: openai.String(text)}
}

func TestTheOfficialClientHasItsTurnsDetected(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	updated := o.configure(realtime.RealtimeSessionCreateRequestParam{Audio: realtime.RealtimeAudioConfigParam{
		Input: realtime.RealtimeAudioConfigInputParam{
			Transcription:  realtime.AudioTranscriptionParam{Model: "ears"},
			NoiseReduction: realtime.RealtimeAudioConfigInputNoiseReductionParam{Type: "near_field"},
			TurnDetection: realtime.RealtimeAudioInputTurnDetectionUnionParam{OfServerVad: &realtime.RealtimeAudioInputTurnDetectionServerVadParam{
				Threshold: openai.Float(0.4), IdleTimeoutMs: openai.Int(5000),
			}},
		},
	}})
	detection := updated.AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest().Audio.Input.TurnDetection.AsRealtimeAudioInputTurnDetectionServerVad()
	if detection.Threshold != 0.4 || detection.SilenceDurationMs != 500 || !detection.CreateResponse {
		t.Errorf("the turn detection is %s", detection.RawJSON())
	}
	o.hear(slices.Concat(silence(time.Second), tone(t, 500*time.Millisecond), silence(500*time.Millisecond)))
	begun := o.last("input_audio_buffer.speech_started").AsInputAudioBufferSpeechStartedEvent()
	stopped := o.last("input_audio_buffer.speech_stopped").AsInputAudioBufferSpeechStoppedEvent()
	if begun.AudioStartMs != 700 || stopped.AudioEndMs != 2000 || begun.ItemID == "" || begun.ItemID != stopped.ItemID {
		t.Errorf("the turn is %s to %s", begun.RawJSON(), stopped.RawJSON())
	}
	if got := o.last("response.done").AsResponseDoneEvent().Response.Output[0].AsRealtimeConversationItemAssistantMessage().Content[0].Text; got != "440 Hz for 1300 ms" {
		t.Errorf("the answer is %q", got)
	}
	o.hear(silence(5 * time.Second))
	idle := o.last("input_audio_buffer.timeout_triggered").AsInputAudioBufferTimeoutTriggered()
	if idle.AudioStartMs != 2000 || idle.AudioEndMs != 7000 {
		t.Errorf("the silence is %s", idle.RawJSON())
	}
	o.until("response.done")
}

func TestTheOfficialClientHasSemanticTurnsDetected(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	updated := o.configure(realtime.RealtimeSessionCreateRequestParam{Audio: realtime.RealtimeAudioConfigParam{
		Input: realtime.RealtimeAudioConfigInputParam{
			TurnDetection: realtime.RealtimeAudioInputTurnDetectionUnionParam{OfSemanticVad: &realtime.RealtimeAudioInputTurnDetectionSemanticVadParam{Eagerness: "high"}},
		},
	}})
	if got := updated.AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest().Audio.Input.TurnDetection.AsRealtimeAudioInputTurnDetectionSemanticVad(); got.Eagerness != "high" || !got.InterruptResponse {
		t.Errorf("the turn detection is %s", got.RawJSON())
	}
	o.hear(slices.Concat(tone(t, 500*time.Millisecond), silence(2*time.Second)))
	o.until("response.done")
}

func TestTheOfficialClientCallsATool(t *testing.T) {
	clerk := realtimetest.ToneAgent{Tools: func(_ context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
		if items[len(items)-1].Role == core.Tool {
			return nil, nil
		}
		return []realtimetest.ToolCall{{Name: tools[0].Name, Arguments: `{"question":"where is the key?"}`}}, nil
	}}
	o := connect(t, serveFor(t, clerk, realtimetest.Options{}))
	updated := o.configure(realtime.RealtimeSessionCreateRequestParam{
		ParallelToolCalls: openai.Bool(false),
		ToolChoice:        realtime.RealtimeToolChoiceConfigUnionParam{OfToolChoiceMode: param.NewOpt(responses.ToolChoiceOptionsAuto)},
		Tools: realtime.RealtimeToolsConfigParam{{OfFunction: &realtime.RealtimeFunctionToolParam{
			Type: "function", Name: openai.String("look_up"), Description: openai.String("finds things"), Parameters: map[string]any{"type": "object"},
		}}},
	})
	if tools := updated.AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest().Tools; len(tools) != 1 || tools[0].Name != "look_up" {
		t.Errorf("the tools are %v", tools)
	}
	o.item(userMessage(written("where is the key?")))
	o.respond(realtime.RealtimeResponseCreateParams{})
	var deltas strings.Builder
	var call realtime.ResponseFunctionCallArgumentsDoneEvent
	events := o.until("response.done")
	for _, e := range events {
		switch e.Type {
		case "response.function_call_arguments.delta":
			deltas.WriteString(e.AsResponseFunctionCallArgumentsDeltaEvent().Delta)
		case "response.function_call_arguments.done":
			call = e.AsResponseFunctionCallArgumentsDoneEvent()
		}
	}
	if call.Name != "look_up" || call.Arguments != deltas.String() || call.Arguments == "" {
		t.Errorf("the call is %s after %s", call.RawJSON(), deltas.String())
	}
	done := events[len(events)-1].AsResponseDoneEvent().Response.Output[0].AsRealtimeConversationItemFunctionCall()
	if done.CallID != call.CallID || done.Arguments != call.Arguments {
		t.Errorf("the output is %s", done.RawJSON())
	}
	o.item(realtime.ConversationItemParamOfFunctionCallOutput(call.CallID, "under the mat"))
	o.respond(realtime.RealtimeResponseCreateParams{})
	if got := o.last("response.output_text.done").AsResponseTextDoneEvent().Text; got != "under the mat" {
		t.Errorf("the answer is %q", got)
	}
}

func TestTheOfficialClientShowsAnImage(t *testing.T) {
	seeing := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		image := items[len(items)-1].Images[0]
		return fmt.Sprintf("%s of %d bytes", image.MediaType, len(image.Data)), nil
	}}
	o := connect(t, serveFor(t, seeing, realtimetest.Options{}))
	o.configure(realtime.RealtimeSessionCreateRequestParam{})
	o.item(userMessage(written("what is this?"), realtime.RealtimeConversationItemUserMessageContentParam{
		Type: "input_image", Detail: "low",
		ImageURL: openai.String("data:image/png;base64," + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 100))),
	}))
	o.respond(realtime.RealtimeResponseCreateParams{})
	response := o.last("response.done").AsResponseDoneEvent().Response
	if got := response.Output[0].AsRealtimeConversationItemAssistantMessage().Content[0].Text; got != "image/png of 100 bytes" {
		t.Errorf("the answer is %q", got)
	}
	if got := response.Usage.InputTokenDetails.ImageTokens; got != 85 {
		t.Errorf("the image took %d tokens", got)
	}
}

func TestTheOfficialClientAsksOutOfBand(t *testing.T) {
	o := connect(t, serve(t, realtimetest.Options{}))
	o.configure(realtime.RealtimeSessionCreateRequestParam{})
	first := o.item(userMessage(written("the first")))
	o.item(userMessage(written("the second")))
	aside := realtime.ResponseCreateEventParam{Response: realtime.RealtimeResponseCreateParams{
		Conversation: "none", Metadata: map[string]string{"topic": "aside"}, Instructions: openai.String("Repeat it."),
	}}
	for want, input := range map[string]realtime.ResponseInput{
		"the first": realtime.ResponseInputReference(first),
		"a third":   realtime.ResponseInputItem(userMessage(written("a third"))),
	} {
		if err := o.conn.SendResponseCreate(t.Context(), aside, []realtime.ResponseInput{input}); err != nil {
			t.Fatal(err)
		}
		response := o.last("response.done").AsResponseDoneEvent().Response
		if response.ConversationID != "" || response.Metadata["topic"] != "aside" || response.Output[0].AsRealtimeConversationItemAssistantMessage().Content[0].Text != want {
			t.Errorf("want %q, the response is %s", want, response.RawJSON())
		}
	}
	o.respond(realtime.RealtimeResponseCreateParams{})
	if got := o.last("response.done").AsResponseDoneEvent().Response.Output[0].AsRealtimeConversationItemAssistantMessage().Content[0].Text; got != "the second" {
		t.Errorf("the conversation goes on with %q", got)
	}
}

func TestTheOfficialClientOpensASessionWithAnEphemeralKey(t *testing.T) {
	endpoint := serve(t, realtimetest.Options{Ephemeral: true})
	client := openai.NewClient(option.WithBaseURL(endpoint), option.WithAPIKey(key))
	secret, err := client.Realtime.ClientSecrets.New(t.Context(), realtime.ClientSecretNewParams{
		ExpiresAfter: realtime.ClientSecretNewParamsExpiresAfter{Anchor: "created_at", Seconds: openai.Int(60)},
		Session: realtime.ClientSecretNewParamsSessionUnion{OfRealtime: &realtime.RealtimeSessionCreateRequestParam{
			Model: "practice", Instructions: openai.String("Be brief."),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret.Value, "ek_") || secret.ExpiresAt == 0 || secret.Session.Instructions != "Be brief." {
		t.Errorf("the secret is %s", secret.RawJSON())
	}
	created := connectWith(t, endpoint, secret.Value).last("session.created").AsSessionCreatedEvent()
	if got := created.Session.AsRealtimeSessionCreateRequest().Instructions; got != "Be brief." {
		t.Errorf("the instructions are %q", got)
	}
}

// TestTheOfficialClientKnowsWhatFaultyServersSend leaves those faults out whose
// events are made to be unknown, and those that end the socket.
func TestTheOfficialClientKnowsWhatFaultyServersSend(t *testing.T) {
	for _, kind := range []realtimetest.FaultKind{
		realtimetest.LimitsExhausted, realtimetest.TwoItems, realtimetest.TextOnly, realtimetest.NoMetadata,
		realtimetest.DisagreeingDone, realtimetest.HalfSample, realtimetest.NoTranscript, realtimetest.NoAudio,
		realtimetest.DoneOnly, realtimetest.NoAck, realtimetest.ShortSession, realtimetest.Cancelled,
		realtimetest.ContentFilter, realtimetest.RateLimit,
	} {
		t.Run(string(kind), func(t *testing.T) {
			o := connect(t, serve(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: kind}}}))
			o.send(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"hello there"}]}}`)
			o.respond(realtime.RealtimeResponseCreateParams{})
			o.until("response.done")
		})
	}
}
