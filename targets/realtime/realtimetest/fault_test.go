package realtimetest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/grpc/test/bufconn"

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
		realtimetest.LimitsExhausted: {"completed", "<nil>", []string{"rate_limits.updated", "response.output_audio.delta"}, nil},
		realtimetest.TwoItems:        {"completed", "<nil>", []string{"response.output_audio.delta"}, nil},
		realtimetest.TextOnly:        {"completed", "<nil>", []string{"response.output_text.done"}, []string{"response.output_audio.delta", "response.output_audio_transcript.delta"}},
		realtimetest.NoMetadata:      {"completed", "<nil>", []string{"response.output_audio.delta"}, nil},
		realtimetest.UnknownEvents:   {"completed", "<nil>", []string{"response.output_mood.delta", "response.output_audio.delta"}, nil},
		realtimetest.DisagreeingDone: {"completed", "<nil>", []string{"response.output_audio.delta"}, nil},
		realtimetest.HugeFrame:       {"completed", "<nil>", []string{"response.padding", "response.output_audio.delta"}, nil},
		realtimetest.SlowReply:       {"completed", "<nil>", []string{"response.output_audio.delta"}, nil},
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
	for kind, code := range map[realtimetest.FaultKind]int{
		realtimetest.Close1000: 1000, realtimetest.Close1008: 1008, realtimetest.Close1011: 1011, realtimetest.Close1012: 1012,
	} {
		t.Run(string(kind), func(t *testing.T) {
			c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: kind}}})
			c.send(userText("hello there"))
			c.send(`{"type":"response.create"}`)
			c.until("response.output_audio.delta")
			events, err := c.rest()
			if !websocket.IsCloseError(err, code) || slices.Contains(types(events), "response.done") {
				t.Errorf("the socket ends with %v after %v", err, types(events))
			}
		})
	}
	t.Run("drop-after-reply", func(t *testing.T) {
		c := connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.DropAfterReply}}})
		c.send(userText("hello there"))
		c.send(`{"type":"response.create"}`)
		c.until("response.done")
		if events, err := c.rest(); len(events) > 0 || !abrupt(err) {
			t.Errorf("the socket ends with %v after %v", err, types(events))
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

// rest reads what comes until the socket ends, and how it ends.
func (c *client) rest() ([]object, error) {
	var events []object
	for {
		event, err := c.read()
		if err != nil {
			return events, err
		}
		events = append(events, event)
	}
}

// abrupt reports whether a socket ended without a goodbye.
func abrupt(err error) bool {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	return !ok || closed.Code == websocket.CloseAbnormalClosure
}

// faulty is a client of a server with one fault.
func faulty(t *testing.T, kind realtimetest.FaultKind, turn int) *client {
	t.Helper()
	return connected(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: kind, Turn: turn}}})
}

// reply has the server answer a text, and returns all that it sends.
func (c *client) reply(text string) []object {
	c.t.Helper()
	c.send(userText(text))
	c.send(`{"type":"response.create","response":{"metadata":{"turn":"1"}}}`)
	return c.until("response.done")
}

func TestADropOnAnItemComesBeforeItIsAcknowledged(t *testing.T) {
	c := faulty(t, realtimetest.DropOnItem, 2)
	c.reply("the first turn goes well")
	c.send(userText("the second does not"))
	if events, err := c.rest(); len(events) > 0 || !abrupt(err) {
		t.Errorf("the socket ends with %v after %v", err, types(events))
	}
}

func TestARefusedItemIsNotInTheConversation(t *testing.T) {
	c := faulty(t, realtimetest.ItemRefused, 2)
	c.reply("one")
	c.send(`{"type":"conversation.item.create","event_id":"mine","item":{"id":"it_2","type":"message","role":"user","content":[{"type":"input_text","text":"two"}]}}`)
	if e := c.expectError("invalid_value"); e.at("error", "event_id") != "mine" {
		t.Errorf("the error names %v", e.at("error", "event_id"))
	}
	c.send(`{"type":"conversation.item.retrieve","item_id":"it_2"}`)
	c.expectError("item_retrieve_invalid_item_id")
	c.send(`{"type":"response.create"}`)
	c.until("response.done")
	c.send(userText("three"))
	c.expect("conversation.item.done")
}

func TestWithoutAcknowledgementsNoItemIsAnnounced(t *testing.T) {
	c := faulty(t, realtimetest.NoAck, 1)
	for _, e := range c.reply("hello there") {
		if strings.HasPrefix(fmt.Sprint(e["type"]), "conversation.item.") {
			t.Errorf("there is %v", e)
		}
	}
	c.send(userText("again"))
	c.until("conversation.item.done")
}

// speak gives the server audio, whose transcription the session asks for.
func (c *client) speak() {
	c.t.Helper()
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"ears"}}}}}`)
	c.line("tone 500")
	c.send(`{"type":"input_audio_buffer.commit"}`)
}

func TestALateTranscriptComesAfterTheReply(t *testing.T) {
	c := faulty(t, realtimetest.LateTranscript, 1)
	c.speak()
	c.send(`{"type":"response.create"}`)
	for _, e := range c.until("response.done") {
		if strings.Contains(fmt.Sprint(e["type"]), "input_audio_transcription") {
			t.Errorf("before response.done there is %v", e)
		}
	}
	if got := c.expect("conversation.item.input_audio_transcription.completed")["transcript"]; got != "440 Hz for 500 ms" {
		t.Errorf("heard %q", got)
	}
}

func TestATranscriptThatFailedSaysSo(t *testing.T) {
	c := faulty(t, realtimetest.TranscriptFailed, 0)
	c.speak()
	if e := c.expect("conversation.item.input_audio_transcription.failed"); e.at("error", "code") != "audio_unintelligible" {
		t.Errorf("%v", e)
	}
}

// slow is a client of a server in memory whose replies are as slow as speech, for
// tests in virtual time.
func slow(t *testing.T) *client {
	t.Helper()
	server := realtimetest.NewServer(realtimetest.ToneAgent{}, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SlowReply}}})
	listener := bufconn.Listen(1 << 20)
	web := &http.Server{Handler: server}
	served := make(chan struct{})
	go func() {
		_ = web.Serve(listener)
		close(served)
	}()
	t.Cleanup(func() {
		_, _ = server.Close(), web.Close()
		<-served
	})
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.DialContext(ctx) }}
	c := dialBy(t, &dialer, "ws://memory/v1/realtime?model=test-model")
	c.until("session.created")
	return c
}

func TestASlowReplyStopsAtOnceWhenItIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(t)
		// 120 characters last 12 seconds.
		c.send(userText(strings.Repeat("slow words ", 11)))
		c.send(`{"type":"response.create"}`)
		c.until("response.output_audio.delta")
		c.send(`{"type":"response.cancel"}`)
		var bytes int
		for _, e := range c.until("response.done") {
			if e["type"] == "response.output_audio.delta" {
				bytes += len(e["delta"].(string))
			}
		}
		if bytes > 12*64000/2 { // base64 has 64,000 bytes a second
			t.Errorf("%d bytes of base64 were sent, half of the reply", bytes)
		}
	})
}

func TestWhatTheFaultsOfADeliveryLookLike(t *testing.T) {
	const said = "one two three four"
	t.Run("limits-exhausted", func(t *testing.T) {
		for _, e := range faulty(t, realtimetest.LimitsExhausted, 0).reply(said) {
			if e["type"] != "rate_limits.updated" {
				continue
			}
			limits := e["rate_limits"].([]any)
			last := object(limits[len(limits)-1].(map[string]any))
			if last["name"] != "requests" || last["remaining"] != 0.0 || last["reset_seconds"] != 0.2 {
				t.Errorf("the limits are %v", limits)
			}
		}
	})
	t.Run("two-items", func(t *testing.T) {
		events := faulty(t, realtimetest.TwoItems, 0).reply(said)
		output := events[len(events)-1].at("response", "output").([]any)
		var got []string
		for _, it := range output {
			item := object(it.(map[string]any))
			got = append(got, fmt.Sprint(item["phase"], ": ", item["content"].([]any)[0].(map[string]any)["transcript"]))
		}
		if want := []string{"commentary: one two", "final_answer: three four"}; !slices.Equal(got, want) {
			t.Errorf("the output is %q, want %q", got, want)
		}
		var sound int
		for _, e := range events {
			if e["type"] == "response.output_audio.delta" {
				sound += decodedLength(t, e)
			}
		}
		if want := len(tone(t, said)); sound != want {
			t.Errorf("%d bytes of audio, want %d", sound, want)
		}
	})
	t.Run("no-metadata", func(t *testing.T) {
		for _, e := range faulty(t, realtimetest.NoMetadata, 0).reply(said) {
			if response, ok := e["response"].(map[string]any); ok && response["metadata"] != nil {
				t.Errorf("%s has metadata", e["type"])
			}
		}
	})
	t.Run("disagreeing-done", func(t *testing.T) {
		events := faulty(t, realtimetest.DisagreeingDone, 0).reply(said)
		done := events[len(events)-1].at("response", "output").([]any)[0].(map[string]any)["content"].([]any)[0]
		if done.(map[string]any)["transcript"] == said {
			t.Error("response.done agrees")
		}
		for _, e := range events {
			if e["type"] == "response.output_audio_transcript.done" && e["transcript"] != said {
				t.Errorf("the events say %q", e["transcript"])
			}
		}
	})
	t.Run("half-sample", func(t *testing.T) {
		var sizes []int
		sum := 0
		for _, e := range faulty(t, realtimetest.HalfSample, 0).reply(said) {
			if e["type"] == "response.output_audio.delta" {
				sizes = append(sizes, decodedLength(t, e))
				sum += sizes[len(sizes)-1]
			}
		}
		if len(sizes) == 0 || sizes[0]%2 == 0 || sum%2 == 0 {
			t.Errorf("the deltas have %v bytes, %d in all", sizes, sum)
		}
	})
}

func decodedLength(t *testing.T, delta object) int {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(delta["delta"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
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
	t.Run("short-session", func(t *testing.T) {
		_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
		before := time.Now().Unix()
		expires := dial(t, url+"&fault=short-session").expect("session.created").at("session", "expires_at").(float64)
		if left := int64(expires) - before; left < 1 || left > 60 {
			t.Errorf("the session expires in %d s", left)
		}
	})
	t.Run("xai-names", func(t *testing.T) {
		_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{})
		c := dial(t, url+"&fault=xai-names")
		if events := c.until("conversation.created"); !slices.Equal(types(events), []string{"session.created", "conversation.created"}) {
			t.Errorf("it begins with %v", types(events))
		}
		var heard []any
		c.speak()
		for _, e := range c.until("conversation.item.input_audio_transcription.completed") {
			switch e["type"] {
			case "conversation.item.input_audio_transcription.updated":
				heard = append(heard, e["transcript"])
			case "conversation.item.added", "conversation.item.input_audio_transcription.delta":
				t.Errorf("there is %s", e["type"])
			}
		}
		if want := []any{"440 ", "440 Hz ", "440 Hz for ", "440 Hz for 500 ", "440 Hz for 500 ms"}; !slices.Equal(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
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
