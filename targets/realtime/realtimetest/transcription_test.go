package realtimetest_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestASessionThatTranscribesHearsAndNeverAnswers(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
	c := dial(t, strings.Replace(url, "model=test-model", "intent=transcription", 1))
	created := c.expect("session.created")
	if created.at("session", "type") != "transcription" || created.at("session", "model") != nil || created.at("session", "audio", "output") != nil {
		t.Errorf("the session is %v", created)
	}
	c.send(`{"type":"session.update","session":{"type":"transcription","include":["item.input_audio_transcription.logprobs"],"audio":{"input":{"transcription":{"model":"ears","keywords":["vault"]}}}}}`)
	if updated := c.expect("session.updated"); updated.at("session", "audio", "input", "turn_detection", "type") != "server_vad" {
		t.Errorf("the session is %v", updated)
	}
	tone, err := realtimetest.ToneAgent{}.Speak(t.Context(), "12345")
	if err != nil {
		t.Fatal(err)
	}
	for _, sound := range [][]byte{tone, make([]byte, 48*1000)} { // the turn is detected
		c.send(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(sound) + `"}`)
	}
	heard := c.expect("conversation.item.input_audio_transcription.completed")
	if text, _ := heard["transcript"].(string); !strings.HasPrefix(text, "440 Hz for ") || len(heard["logprobs"].([]any)) != 5 {
		t.Errorf("heard %v", heard)
	}
	for event, param := range map[string]any{
		`{"type":"response.create"}`:                                                          nil,
		`{"type":"session.update","session":{"type":"realtime"}}`:                             "session.type",
		`{"type":"session.update","session":{"type":"transcription","instructions":"Hi."}}`:   "session.instructions",
		`{"type":"session.update","session":{"type":"transcription","audio":{"output":{}}}}`:  "session.audio.output",
		`{"type":"session.update","session":{"type":"transcription","model":"x"}}`:            "session.model",
		`{"type":"session.update","session":{"type":"transcription","include":["anything"]}}`: "session.include[0]",
	} {
		c.send(event)
		if refused := c.expect("error"); refused.at("error", "param") != param {
			t.Errorf("%s: %v", event, refused)
		}
	}
}

func TestAnIntentOrACallStandsInPlaceOfAModel(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{Calls: []string{"rtc_1"}})
	base := strings.TrimSuffix(url, "model=test-model")
	for query, status := range map[string]int{
		"call_id=rtc_1": http.StatusSwitchingProtocols, "intent=transcription": http.StatusSwitchingProtocols,
		"call_id=rtc_2": http.StatusNotFound, "call_id=rtc_1&model=m": http.StatusBadRequest,
		"intent=transcription&model=m": http.StatusBadRequest, "intent=conversation": http.StatusBadRequest, "intent=transcription&call_id=rtc_1": http.StatusBadRequest,
	} {
		socket, response, err := websocket.DefaultDialer.Dial(base+query, nil)
		if err == nil {
			_ = socket.Close()
		}
		_ = response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%s: %d, want %d", query, response.StatusCode, status)
		}
	}
}

func TestAnEphemeralKeyMayBeForTranscription(t *testing.T) {
	server, _ := start(t, realtimetest.ToneAgent{}, realtimetest.Options{APIKey: "right"})
	status, answer := minted(t, server, "right", `{"session":{"type":"transcription","audio":{"input":{"transcription":{"model":"ears"}}}}}`)
	if status != http.StatusOK || answer.at("session", "type") != "transcription" || answer.at("session", "audio", "input", "transcription", "model") != "ears" {
		t.Errorf("%d: %v", status, answer)
	}
}

func TestThePlayersBufferIsClearedOnceThereWasAReply(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"output_audio_buffer.clear"}`)
	if refused := c.expect("error"); refused.at("error", "code") != "output_audio_buffer_empty" {
		t.Errorf("before a reply: %v", refused)
	}
	events := c.reply("hello")
	c.send(`{"type":"output_audio_buffer.clear"}`)
	if cleared := c.expect("output_audio_buffer.cleared"); cleared["response_id"] != events[len(events)-1].at("response", "id") {
		t.Errorf("after it: %v", cleared)
	}
}
