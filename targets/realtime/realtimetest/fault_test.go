package realtimetest_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestFaultsAreReadAsTheyAreWritten(t *testing.T) {
	for _, kind := range realtimetest.FaultKinds() {
		for _, want := range []realtimetest.Fault{{Kind: kind}, {Kind: kind, Turn: 3}} {
			got, err := realtimetest.ParseFault(want.String())
			if err != nil || got != want {
				t.Errorf("%q was read as %+v, %v", want.String(), got, err)
			}
		}
	}
	for text, says := range map[string]string{
		"whim": "unknown fault", "": "unknown fault", "silence@": "number from 1 up", "silence@0": "number from 1 up", "silence@x": "number from 1 up",
	} {
		if _, err := realtimetest.ParseFault(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", text, err, says)
		}
	}
}

func TestRepliesGoWrongAsTheirFaultSays(t *testing.T) {
	tests := map[realtimetest.FaultKind]struct {
		status, reason string // of response.done
		has, lacks     []string
	}{
		realtimetest.EmptyReply:      {"completed", "<nil>", nil, []string{"response.output_item.added"}},
		realtimetest.RateLimit:       {"failed", "<nil>", nil, []string{"response.output_item.added"}},
		realtimetest.Quota:           {"failed", "<nil>", nil, []string{"response.output_item.added"}},
		realtimetest.ServerError:     {"failed", "<nil>", nil, []string{"response.output_item.added"}},
		realtimetest.ContentFilter:   {"incomplete", "content_filter", []string{"response.output_audio.delta"}, nil},
		realtimetest.Truncated:       {"incomplete", "max_output_tokens", []string{"response.output_audio.delta"}, nil},
		realtimetest.Cancelled:       {"cancelled", "turn_detected", []string{"response.output_audio.delta"}, nil},
		realtimetest.BenignError:     {"completed", "<nil>", []string{"error", "response.output_audio.delta"}, nil},
		realtimetest.MalformedFrame:  {"completed", "<nil>", []string{"malformed", "response.output_audio.delta"}, nil},
		realtimetest.NoTranscript:    {"completed", "<nil>", []string{"response.output_audio.delta"}, []string{"response.output_audio_transcript.delta", "response.output_audio_transcript.done"}},
		realtimetest.NoAudio:         {"completed", "<nil>", []string{"response.output_audio_transcript.done"}, []string{"response.output_audio.delta"}},
		realtimetest.WrongTranscript: {"completed", "<nil>", []string{"response.output_audio_transcript.delta"}, nil},
		realtimetest.DoneOnly:        {"completed", "<nil>", nil, []string{"response.output_audio.delta", "response.output_audio_transcript.done"}},
		realtimetest.BetaNames:       {"completed", "<nil>", []string{"response.audio.delta", "response.audio_transcript.done"}, []string{"response.output_audio.delta"}},
	}
	for kind, test := range tests {
		t.Run(string(kind), func(t *testing.T) {
			c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: kind, Turn: 1}}})
			c.send(userText("hello there"))
			c.until("conversation.item.done")
			c.send(`{"type":"response.create"}`)
			events := c.until("response.done")
			done := events[len(events)-1]
			if got := fmt.Sprint(done.at("response", "status")); got != test.status {
				t.Errorf("status %s, want %s", got, test.status)
			}
			if got := fmt.Sprint(done.at("response", "status_details", "reason")); got != test.reason {
				t.Errorf("reason %s, want %s", got, test.reason)
			}
			for _, kind := range test.has {
				if !slices.Contains(types(events), kind) {
					t.Errorf("there is no %s among %v", kind, types(events))
				}
			}
			for _, kind := range test.lacks {
				if slices.Contains(types(events), kind) {
					t.Errorf("there is %s among %v", kind, types(events))
				}
			}
			// The next turn goes well.
			c.send(userText("again"))
			c.send(`{"type":"response.create"}`)
			if got := c.expect("response.done").at("response", "status"); got != "completed" {
				t.Errorf("the next turn ends as %v", got)
			}
		})
	}
}

func TestAStaleResponseEndsBeforeTheRealOneAndHasAnotherID(t *testing.T) {
	c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.StaleResponse}}})
	c.send(userText("hello"))
	c.send(`{"type":"response.create"}`)
	created := c.expect("response.created").at("response", "id")
	stale := c.expect("response.done").at("response", "id")
	reply := c.expect("response.done").at("response", "id")
	if stale == created || reply != created {
		t.Errorf("created %v, done %v and then %v", created, stale, reply)
	}
}

func TestRepliesThatBreakOffEndTheSocket(t *testing.T) {
	t.Run("drop-mid-reply", func(t *testing.T) {
		c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.DropMidReply}}})
		c.send(userText("hello there"))
		c.send(`{"type":"response.create"}`)
		c.until("response.output_audio.delta")
		var err error
		for err == nil {
			var event object
			if event, err = c.read(); err == nil && event["type"] == "response.done" {
				t.Fatal("the reply was completed")
			}
		}
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Code != websocket.CloseAbnormalClosure {
			t.Errorf("there was a goodbye: %v", err)
		}
	})
	t.Run("session-expired", func(t *testing.T) {
		c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SessionExpired}}})
		c.send(`{"type":"response.create"}`)
		c.expectError("session_expired")
		if _, err := c.read(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("the socket ends with %v", err)
		}
	})
}

func TestRepliesThatAreNeverDoneLeaveTheSocketUsable(t *testing.T) {
	for kind, started := range map[realtimetest.FaultKind]bool{ // whether the client learns of the response
		realtimetest.Silence:     false,
		realtimetest.CreatedOnly: true,
		realtimetest.NoDone:      true,
		realtimetest.HalfReply:   true,
	} {
		t.Run(string(kind), func(t *testing.T) {
			c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: kind, Turn: 1}}})
			c.send(userText("hello there"))
			c.send(`{"type":"response.create"}`)
			var created []any
			c.send(`{"type":"response.create"}`)
			for {
				event, err := c.read()
				if err != nil {
					t.Fatal(err)
				}
				switch event["type"] {
				case "error": // the first response is still active
					c.send(`{"type":"response.create"}`)
				case "response.created":
					created = append(created, event.at("response", "id"))
				case "response.done":
					if len(created) == 0 || event.at("response", "id") != created[len(created)-1] || (len(created) == 2) != started {
						t.Errorf("created %v, done %v", created, event.at("response", "id"))
					}
					return
				}
			}
		})
	}
}

func TestConnectionsGoWrongAsTheirFaultSays(t *testing.T) {
	t.Run("beta-shape", func(t *testing.T) {
		_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
		c := dial(t, url+"&fault=beta-shape@1")
		c.expectError("beta_api_shape_disabled")
		_, err := c.read()
		if closed, ok := errors.AsType[*websocket.CloseError](err); !ok || closed.Code != 4000 || closed.Text != "invalid_request_error.beta_api_shape_disabled" {
			t.Errorf("the socket ends with %v", err)
		}
		dial(t, url+"&fault=beta-shape@1").until("session.created") // the second connection is fine
	})
	t.Run("session-rejected", func(t *testing.T) {
		c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SessionRejected}}})
		c.send(`{"type":"session.update","event_id":"su","session":{"type":"realtime"}}`)
		if e := c.expectError("invalid_value"); e.at("error", "event_id") != "su" {
			t.Errorf("the error names %v", e.at("error", "event_id"))
		}
	})
	t.Run("session-ignored", func(t *testing.T) {
		c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SessionIgnored}}})
		c.send(`{"type":"session.update","session":{"type":"realtime"}}`)
		c.send(`{"type":"input_audio_buffer.clear"}`)
		if events := c.until("input_audio_buffer.cleared"); len(events) != 1 {
			t.Errorf("session.update was answered: %v", types(events))
		}
	})
	t.Run("no-session", func(t *testing.T) {
		_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
		c := dial(t, url+"&fault=no-session")
		c.send(`{"type":"input_audio_buffer.clear"}`)
		if events := c.until("input_audio_buffer.cleared"); len(events) != 1 {
			t.Errorf("there is a session: %v", types(events))
		}
	})
}

func TestTelephoneFormatsAreHeardAndSpoken(t *testing.T) {
	for _, format := range []string{"audio/pcmu", "audio/pcma"} {
		t.Run(format, func(t *testing.T) {
			c := connected(t, realtimetest.Options{})
			c.send(fmt.Sprintf(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":%q}},"output":{"format":{"type":%q}}}}}`, format, format))
			c.until("session.updated")
			// A square wave of 400 Hz: ten codes up, ten down.
			up, down := strings.Repeat("\x8f", 10), strings.Repeat("\x0f", 10)
			wave := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(up+down, 400)))
			c.send(fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_audio","audio":%q}]}}`, wave))
			c.send(`{"type":"response.create"}`)
			var sound int
			var transcript string
			for _, e := range c.until("response.done") {
				switch e["type"] {
				case "response.output_audio.delta":
					data, err := base64.StdEncoding.DecodeString(e["delta"].(string))
					if err != nil {
						t.Fatal(err)
					}
					sound += len(data)
				case "response.output_audio_transcript.done":
					transcript = e["transcript"].(string)
				}
			}
			if transcript != "400 Hz for 1000 ms" {
				t.Errorf("heard %q", transcript)
			}
			if want := 800 * len(transcript); sound != want { // 8 kHz, 100 ms a character
				t.Errorf("%d bytes of speech, want %d", sound, want)
			}
		})
	}
}
