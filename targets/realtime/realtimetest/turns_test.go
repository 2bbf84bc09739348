package realtimetest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const serverVAD = `{"type":"server_vad"}`

// listening is a client whose session detects turns, with transcription and
// answers in text.
func listening(t *testing.T, agent realtimetest.Agent, detection string) *client {
	t.Helper()
	_, url := start(t, agent, realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"audio":{"input":{` +
		`"transcription":{"model":"ears"},"turn_detection":` + detection + `}}}}`)
	c.expect("session.updated")
	return c
}

// line appends audio that a notation describes: "tone 500" and "silence 300"
// are stretches in ms, "faint 500" a tone 30 dB down.
func (c *client) line(stretches ...string) {
	c.t.Helper()
	c.append(sound(c.t, stretches...))
}

func (c *client) append(data []byte) {
	c.t.Helper()
	c.send(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(data) + `"}`)
}

func sound(t *testing.T, stretches ...string) []byte {
	t.Helper()
	var samples []int16
	for _, stretch := range stretches {
		var kind string
		var ms int
		if _, err := fmt.Sscanf(stretch, "%s %d", &kind, &ms); err != nil {
			t.Fatal(err)
		}
		if kind == "silence" {
			samples = append(samples, make([]int16, 24*ms)...)
			continue
		}
		wave, err := audio.FromPCM(tone(t, strings.Repeat("x", ms/100+1)), 24000)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range wave.Samples[:24*ms] {
			samples = append(samples, map[string]int16{"tone": s, "faint": s / 30}[kind])
		}
	}
	return audio.Clip{Rate: 24000, Samples: samples}.PCM()
}

func TestATurnIsDetectedCommittedAndAnsweredWithoutBeingAskedTo(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, serverVAD)
	c.line("silence 1000", "tone 500", "silence 500")
	events := c.until("response.done")
	// The transcription comes in its own time.
	kinds := slices.DeleteFunc(types(events), func(k string) bool { return strings.Contains(k, "input_audio_transcription") })
	want := []string{
		"input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed",
		"conversation.item.added", "conversation.item.done", "response.created",
	}
	if diff := cmp.Diff(want, kinds[:min(len(want), len(kinds))]); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	begun, stopped, committed := events[0], events[1], events[2]
	if begun["audio_start_ms"] != 700.0 || stopped["audio_end_ms"] != 2000.0 {
		t.Errorf("speech from %v to %v ms, want from 700 (with the padding) to 2000", begun["audio_start_ms"], stopped["audio_end_ms"])
	}
	for _, e := range []object{stopped, committed, {"item_id": events[3].at("item", "id")}} {
		if e["item_id"] != begun["item_id"] {
			t.Errorf("the turn's item is %v, and then %v", begun["item_id"], e["item_id"])
		}
	}
	done := events[len(events)-1]
	if metadata, there := done["response"].(map[string]any)["metadata"]; !there || metadata != nil {
		t.Errorf("the metadata of a response that nobody asked for is %v", metadata)
	}
}

func TestADetectedTurnIsHeardFromItsPaddingToItsSilence(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, serverVAD)
	c.line("silence 1000", "tone 500", "silence 900")
	if got, want := c.expect("response.output_text.done")["text"], "440 Hz for 1300 ms"; got != want {
		t.Errorf("heard %q, want %q: 300 ms before the tone and 500 ms after it", got, want)
	}
}

func TestWhereTurnsBeginAndEnd(t *testing.T) {
	tests := map[string]struct {
		detection string
		line      []string
		want      []string // where turns begin and end, in ms
	}{
		"a short pause is part of the turn": {serverVAD, []string{"tone 400", "silence 400", "tone 400", "silence 500"}, []string{"0-1700"}},
		"a long pause makes two turns":      {serverVAD, []string{"tone 400", "silence 600", "tone 400", "silence 500"}, []string{"0-900", "900-1900"}},
		"a click is no speech":              {serverVAD, []string{"silence 200", "tone 40", "silence 600"}, nil},
		"silence_duration_ms":               {`{"type":"server_vad","silence_duration_ms":200}`, []string{"tone 400", "silence 400", "tone 400", "silence 200"}, []string{"0-600", "600-1400"}},
		"prefix_padding_ms":                 {`{"type":"server_vad","prefix_padding_ms":100}`, []string{"silence 1000", "tone 400", "silence 500"}, []string{"900-1900"}},
		"a faint voice":                     {serverVAD, []string{"faint 400", "silence 500"}, nil},
		"a faint voice, threshold 0.1":      {`{"type":"server_vad","threshold":0.1}`, []string{"faint 400", "silence 500"}, []string{"0-900"}},
		"eagerness high":                    {`{"type":"semantic_vad","eagerness":"high"}`, []string{"tone 400", "silence 9000"}, []string{"0-2400"}},
		"eagerness medium":                  {`{"type":"semantic_vad","eagerness":"medium"}`, []string{"tone 400", "silence 9000"}, []string{"0-4400"}},
		"eagerness auto":                    {`{"type":"semantic_vad"}`, []string{"tone 400", "silence 9000"}, []string{"0-4400"}},
		"eagerness low":                     {`{"type":"semantic_vad","eagerness":"low"}`, []string{"tone 400", "silence 9000"}, []string{"0-8400"}},
		"more silence than is kept":         {serverVAD, []string{"silence 70000", "tone 400", "silence 500"}, []string{"69700-70900"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := listening(t, realtimetest.ToneAgent{}, strings.Replace(test.detection, "}", `,"create_response":false}`, 1))
			data := sound(t, test.line...)
			size := 1111 * 2 // not a multiple of what the server looks at
			if len(data) > 1<<20 {
				size *= 15
			}
			for piece := range slices.Chunk(data, size) {
				c.append(piece)
			}
			c.send(`{"type":"input_audio_buffer.clear"}`)
			var got []string
			var from any
			for _, e := range c.until("input_audio_buffer.cleared") {
				switch e["type"] {
				case "input_audio_buffer.speech_started":
					from = e["audio_start_ms"]
				case "input_audio_buffer.speech_stopped":
					got = append(got, fmt.Sprintf("%.0f-%.0f", from, e["audio_end_ms"]))
				case "response.created":
					t.Error("the turn was answered in spite of create_response")
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("turns (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTurnsAreDetectedOnATelephoneLine(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, serverVAD)
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"}}}}}`)
	clip, err := audio.FromPCM(sound(t, "silence 1000", "tone 500", "silence 500"), 24000)
	if err != nil {
		t.Fatal(err)
	}
	c.append(audio.EncodeMuLaw(clip.Resample(8000).Samples))
	// The pitch is off: the companded silence crosses zero too.
	if got, want := fmt.Sprint(c.expect("response.output_text.done")["text"]), "for 1300 ms"; !strings.HasSuffix(got, want) {
		t.Errorf("heard %q, want something %s", got, want)
	}
}

// waiting is an agent whose replies take until they are cancelled.
func waiting() realtimetest.Agent {
	return realtimetest.ToneAgent{Reply: func(ctx context.Context, _ string, _ []realtimetest.Item) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}}
}

func TestSpeechOverAReplyCancelsIt(t *testing.T) {
	c := listening(t, waiting(), serverVAD)
	c.line("tone 400", "silence 500")
	first := c.expect("response.created").at("response", "id")
	c.line("tone 400")
	c.expect("input_audio_buffer.speech_started")
	done := c.expect("response.done")
	if done.at("response", "id") != first || done.at("response", "status") != "cancelled" || done.at("response", "status_details", "reason") != "turn_detected" {
		t.Errorf("the reply ends as %v", done["response"])
	}
	c.line("silence 500")
	if second := c.expect("response.created").at("response", "id"); second == first {
		t.Error("the second turn was not answered by a response of its own")
	}
}

func TestAPauseInMidSentenceMakesTwoTurns(t *testing.T) {
	c := listening(t, waiting(), serverVAD)
	c.line("tone 400", "silence 600", "tone 400", "silence 600")
	if got := c.expect("response.done").at("response", "status_details", "reason"); got != "turn_detected" {
		t.Errorf("the first reply ends for %v", got)
	}
	c.expect("response.created")
}

func TestWithoutInterruptionTheReplyGoesOnAndTheSecondTurnHasNone(t *testing.T) {
	c := listening(t, waiting(), `{"type":"server_vad","interrupt_response":false}`)
	c.line("tone 400", "silence 500")
	first := c.expect("response.created").at("response", "id")
	c.line("tone 400", "silence 500")
	c.expectError("conversation_already_has_active_response")
	c.send(`{"type":"response.cancel"}`)
	done := c.expect("response.done")
	if done.at("response", "id") != first || done.at("response", "status_details", "reason") != "client_cancelled" {
		t.Errorf("the reply ends as %v", done["response"])
	}
}

func TestSilenceAfterAReplyPromptsAnother(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, `{"type":"server_vad","idle_timeout_ms":5000}`)
	c.line("silence 6000") // before any reply there is nothing to be silent about
	c.line("tone 400", "silence 500")
	for _, e := range c.until("response.done") {
		if e["type"] == "input_audio_buffer.timeout_triggered" {
			t.Errorf("the first reply was prompted by silence: %v", e)
		}
	}
	c.line("silence 4980")
	c.send(`{"type":"input_audio_buffer.append","audio":""}`)
	c.line("silence 20")
	prompted := c.expect("input_audio_buffer.timeout_triggered")
	if prompted["audio_start_ms"] != 6900.0 || prompted["audio_end_ms"] != 11900.0 {
		t.Errorf("the silence is %v", prompted)
	}
	if got := c.expect("input_audio_buffer.committed")["item_id"]; got != prompted["item_id"] {
		t.Errorf("%v was committed, not %v", got, prompted["item_id"])
	}
	c.expect("response.created")
}

func TestAClientCanStillCommitAndClearWhileTurnsAreDetected(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, serverVAD)
	c.line("tone 400")
	begun := c.expect("input_audio_buffer.speech_started")["item_id"]
	c.send(`{"type":"input_audio_buffer.commit"}`)
	if got := c.expect("input_audio_buffer.committed")["item_id"]; got != begun {
		t.Errorf("%v was committed, not %v", got, begun)
	}
	c.line("silence 1000", "tone 400")
	c.expect("input_audio_buffer.speech_started")
	c.send(`{"type":"input_audio_buffer.clear"}`)
	c.line("silence 1000")
	c.send(`{"type":"input_audio_buffer.clear"}`)
	c.expect("input_audio_buffer.cleared")
	if events := c.until("input_audio_buffer.cleared"); len(events) != 1 {
		t.Errorf("what was cleared became %v", types(events))
	}
}

func TestTurnDetectionIsEchoedWithItsDefaults(t *testing.T) {
	tests := map[string]struct{ detection, want string }{
		"none":         {`null`, `null`},
		"server_vad":   {`{"type":"server_vad","threshold":0.7}`, `{"type":"server_vad","threshold":0.7,"prefix_padding_ms":300,"silence_duration_ms":500,"idle_timeout_ms":null,"create_response":true,"interrupt_response":true}`},
		"semantic_vad": {`{"type":"semantic_vad"}`, `{"type":"semantic_vad","eagerness":"auto","create_response":true,"interrupt_response":true}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := connected(t, realtimetest.Options{})
			c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":` + test.detection + `}}}}`)
			var want any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, c.expect("session.updated").at("session", "audio", "input", "turn_detection")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestATurnDetectionThatCannotBeIsRefused(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	for detection, code := range map[string]string{
		`"server_vad"`:                          "invalid_type",
		`{}`:                                    "invalid_value",
		`{"type":"psychic"}`:                    "invalid_value",
		`{"type":"server_vad","threshold":1.5}`: "invalid_value",
		`{"type":"server_vad","threshold":"high"}`:         "invalid_type",
		`{"type":"server_vad","silence_duration_ms":-1}`:   "invalid_value",
		`{"type":"server_vad","prefix_padding_ms":0.5}`:    "invalid_type",
		`{"type":"server_vad","idle_timeout_ms":100}`:      "invalid_value",
		`{"type":"server_vad","create_response":"yes"}`:    "invalid_type",
		`{"type":"server_vad","eagerness":"low"}`:          "unknown_parameter",
		`{"type":"semantic_vad","eagerness":"impatient"}`:  "invalid_value",
		`{"type":"semantic_vad","silence_duration_ms":50}`: "unknown_parameter",
	} {
		t.Run(detection, func(t *testing.T) {
			c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":` + detection + `}}}}`)
			c.expectError(code)
		})
	}
}

func TestANewSettingOfTurnDetectionForgetsHalfASentence(t *testing.T) {
	c := listening(t, realtimetest.ToneAgent{}, serverVAD)
	c.line("tone 400")
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
	c.line("silence 2000")
	c.send(`{"type":"input_audio_buffer.commit"}`)
	for _, e := range c.until("input_audio_buffer.committed") {
		if e["type"] == "input_audio_buffer.speech_stopped" {
			t.Error("the speech was stopped although turns are not detected")
		}
	}
	if got := c.expect("conversation.item.input_audio_transcription.completed")["transcript"]; got != "440 Hz for 2400 ms" {
		t.Errorf("heard %q, want all of the audio", got)
	}
}
