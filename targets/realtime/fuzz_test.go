package realtime

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// deadSocket returns a socket on which nothing can be sent any more, so that a
// turn can be fed with events without a network.
func deadSocket(tb testing.TB) *socket {
	tb.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
			_ = conn.Close()
		}
	}))
	defer web.Close()
	conn, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(web.URL, "http"), nil)
	if err != nil {
		tb.Fatal(err)
	}
	_ = response.Body.Close()
	s := newSocket(conn, compatible(), nil, time.Minute, nil)
	s.close()
	return s
}

// FuzzTurn feeds a turn with events, one a line, whatever they are. What comes
// out is a reply that holds, or an error with a kind.
func FuzzTurn(f *testing.F) {
	for _, script := range []string{
		`{"type":"response.created","response":{"id":"r"}}
{"type":"response.output_audio.delta","response_id":"r","item_id":"i","content_index":0,"delta":"AAECAw=="}
{"type":"response.output_audio_transcript.delta","response_id":"r","item_id":"i","content_index":0,"delta":"hi"}
{"type":"response.done","response":{"id":"r","status":"completed","usage":{"output_tokens":3}}}`,
		`{"type":"response.created","response":{"id":"r","metadata":{"turn":"turn-1"}}}
{"type":"response.output_item.done","response_id":"r","item":{"id":"i","type":"function_call","call_id":"c","name":"n","arguments":"{}"}}
{"type":"response.done","response":{"id":"r","status":"incomplete","status_details":{"reason":"content_filter"}}}`,
		`{"type":"input_audio_buffer.speech_started"}
{"type":"input_audio_buffer.committed","item_id":"u"}
{"type":"response.created","response":{"id":"a"}}
{"type":"response.done","response":{"id":"a","status":"cancelled","status_details":{"reason":"turn_detected"}}}
{"type":"response.created","response":{"id":"b"}}
{"type":"response.text.done","response_id":"b","item_id":"o","text":"yes"}
{"type":"rate_limits.updated","rate_limits":[{"name":"tokens","remaining":0,"reset_seconds":1e300}]}
{"type":"response.done","response":{"id":"b","status":"completed","output":[{"id":"o","type":"message","content":[{"type":"output_text","text":"no"}]}]}}`,
		`{"type":"error","error":{"type":"server_error","event_id":"ev_2","message":"try again in 99999999h"}}`,
		`{"type":"conversation.item.added","item":{"id":"item_1"}}
{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","transcript":"x"}
{"type":"something.new"}`,
	} {
		f.Add([]byte(script), false)
		f.Add([]byte(script), true)
	}
	f.Fuzz(func(t *testing.T, script []byte, stream bool) {
		const limit = 1 << 10
		x, now := fedTurn(t, stream, limit)
		for line := range bytes.Lines(script) {
			event, err := scanned(bytes.TrimSpace(line), ids{})
			event.came = now
			if err == nil {
				x.on(&event)
			} else {
				x.tell(signal{kind: signalBroken, err: err}, now)
			}
			if failed := x.turns.current.failed; failed != nil {
				if core.KindOf(failed) == core.ErrorInternal {
					t.Fatalf("an error without a kind: %v", failed)
				}
				break
			}
			if size := x.turns.current.answer.reply.size; size > limit+len(script) {
				t.Fatalf("the reply has %d bytes, with a limit of %d", size, limit)
			}
		}
		for !x.done() { // nothing else comes, and time passes
			x.tell(signal{kind: signalSent}, now)
			if due := x.due(now); due.After(now) {
				now = due
			} else if !x.done() {
				t.Fatalf("the turn waits for nothing, in phase %d", x.phase)
			}
		}
		checkEnd(t, x)
	})
}

// fedTurn returns the exchange of a turn that waits for its reply, and the time.
func fedTurn(t *testing.T, stream bool, limit int) (*exchange, time.Time) {
	t.Helper()
	c := newConversation(&target{config: defaultConfig(), endpoint: endpoint{dialect: compatible()}, access: &access.Access{}}, core.Start{})
	c.config.MaxReplyBytes = limit
	c.session.terms = terms{input: c.config.inputFormat(), output: c.config.outputFormat(), transcribes: true}
	m := core.UserText("hello")
	if stream {
		m = core.Message{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(audio.EncodeWAV(audio.Silence(time.Second, pcmRate)))}}}
		m.Delivery.Stream = true
	}
	turn, err := c.shared().newTurn(m)
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange(turn, nil, time.Time{})
	now := time.Now()
	x.tell(signal{kind: signalBegan}, now)
	x.tell(signal{kind: signalSent}, now)
	return x, now
}

// checkEnd checks what came of an exchange of one turn.
func checkEnd(t *testing.T, x *exchange) {
	t.Helper()
	if (x.err == nil) == (len(x.finished) == 0) {
		t.Fatalf("%d replies, error %v", len(x.finished), x.err)
	}
	if x.err != nil {
		if core.KindOf(x.err) == core.ErrorInternal {
			t.Fatalf("an error without a kind: %v", x.err)
		}
		return
	}
	reply := x.finished[0].reply
	if reply.Message.Empty() && reply.Finish == core.FinishComplete {
		t.Fatalf("nothing was said, and yet the reply is complete: %+v", reply)
	}
	for _, p := range reply.Message.Of(core.Audio) {
		if _, warnings, err := audio.DecodeWAV(p.Data); err != nil || len(warnings) > 0 {
			t.Fatalf("the audio of the reply: %v %v", err, warnings)
		}
	}
	for _, l := range reply.RateLimits {
		if l.Reset < 0 || l.Reset > access.MaxRetryAfter {
			t.Fatalf("a limit resets after %s", l.Reset)
		}
	}
}
