package wstarget_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// once sends frames after the first message, and then nothing.
func once(frames ...string) func(talk) {
	return func(c talk) {
		c.read()
		c.write(frames...)
		c.read()
	}
}

// wireCases are services whose messages are unusual as they travel, or no websocket's.
func wireCases() map[string]faultCase {
	const complete, unconfirmed, text = core.FinishComplete, core.FinishUnconfirmed, byte(websocket.TextMessage)
	stream := keys{"reply": keys{"text": ".t? // empty", "end": `.type? == "end"`}}
	short := with(stream, "timeouts", keys{"turn": "300ms"})
	pings := strings.Repeat(frame(true, websocket.PingMessage, "x"), 2000)
	return map[string]faultCase{
		"fragments with a ping between":   {once(frame(false, text, `{"t":"a`), frame(true, websocket.PingMessage, ""), frame(false, 0, `b","ty`), frame(true, 0, `pe":"end"}`)), stream, outcome{text: "ab", finish: complete}},
		"half a message and nothing":      {once(frame(false, text, `{"t":"a"`)), short, outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"half a frame and the end":        {func(c talk) { c.read(); c.write(frame(true, text, "the code")[:6]); _ = c.NetConn().Close() }, nil, outcome{kind: core.ErrorUnavailable, says: "connection was lost"}},
		"a message of 5 MB":               {once(frame(true, text, strings.Repeat("x", 5<<20))), nil, outcome{text: strings.Repeat("x", 5<<20), finish: complete}},
		"a message of 20 MB":              {once(frame(true, text, strings.Repeat("x", 20<<20))), nil, outcome{kind: core.ErrorProtocol, says: "more than 16777216 bytes"}},
		"compressed without agreement":    {once("\xc1\x03abc"), nil, outcome{kind: core.ErrorProtocol, says: "breaks the protocol"}},
		"masked":                          {once("\x81\x81\x00\x00\x00\x00x"), nil, outcome{kind: core.ErrorProtocol, says: "breaks the protocol"}},
		"an unknown kind of frame":        {once("\x83\x01x"), nil, outcome{kind: core.ErrorProtocol, says: "breaks the protocol"}},
		"a text that is not UTF-8":        {once(frame(true, text, "caf\xe9 blue")), nil, outcome{text: "caf\uFFFD blue", finish: unconfirmed, detail: "not UTF-8"}},
		"JSON that is not UTF-8":          {once(frame(true, text, "{\"t\":\"caf\xe9 blue\",\"type\":\"end\"}")), stream, outcome{text: "caf\uFFFD blue", finish: unconfirmed, detail: "not UTF-8"}},
		"a character in two fragments":    {once(frame(false, text, "{\"t\":\"caf\xc3"), frame(true, 0, "\xa9\",\"type\":\"end\"}")), stream, outcome{text: "café", finish: complete}},
		"only U+FFFD":                     {once(frame(true, text, "\uFFFD\uFFFD")), nil, outcome{text: "\uFFFD\uFFFD", finish: unconfirmed, detail: "nothing that can be read"}},
		"JSON in a binary message":        {once(frame(true, websocket.BinaryMessage, `{"t":"a","type":"end"}`)), stream, outcome{text: "a", finish: complete}},
		"a binary message that is none":   {once(frame(true, websocket.BinaryMessage, "\x08\x01")), stream, outcome{kind: core.ErrorProtocol, says: "binary message"}},
		"a binary message without sound":  {once(frame(true, websocket.BinaryMessage, ""), frame(true, text, `{"t":"a","type":"end"}`)), with(stream, "sound", keys{"binary": true}), outcome{text: "a", finish: complete}},
		"events that are no JSON":         {once(frame(true, text, "heartbeat"), frame(true, text, `{"t":"a"}`), frame(true, text, "[1"), frame(true, text, `{"type":"end"}`)), stream, outcome{text: "a", finish: complete}},
		"a storm of pings":                {once(pings, frame(true, text, `{"t":"a"}`), pings, frame(true, text, `{"type":"end"}`)), stream, outcome{text: "a", finish: complete}},
		"a storm of pings and no reply":   {func(c talk) { c.read(); flood(c, frame(true, websocket.PingMessage, "x")) }, short, outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a flood of events and no reply":  {func(c talk) { c.read(); flood(c, frame(true, text, `{"type":"tick"}`)) }, short, outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a flood that no program sees":    {func(c talk) { c.read(); flood(c, frame(true, text, "tick")) }, with(short, "reply", keys{"regex": "say (.*)"}), outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a piece, and a flood of others":  {func(c talk) { c.read(); c.say("say yes"); flood(c, frame(true, text, "tick")) }, keys{"reply": keys{"regex": "say (.*)", "quiet": "300ms"}}, outcome{text: "yes", finish: unconfirmed, detail: "nothing came for 300ms"}},
		"answers that are answered":       {each(func(c talk, _ string) { c.say(`{"type":"ping"}`) }), with(short, "answers", []any{keys{"when": `.type == "ping"`, "send": "{}"}}), outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"pieces in one event and another": {once(frame(true, text, "one"), frame(true, text, "two"), frame(true, text, "three")), nil, outcome{text: "one\ntwo\nthree", finish: unconfirmed, detail: "went on after the event"}},
	}
}

// flood sends a frame again and again, until the connection ends.
func flood(c talk, frame string) {
	var ended sync.WaitGroup
	ended.Go(func() { c.read() })
	many := []byte(strings.Repeat(frame, 100))
	for {
		if _, err := c.NetConn().Write(many); err != nil {
			break
		}
	}
	ended.Wait()
}

// deflated is a message of zeros as permessage-deflate has it.
func deflated(size int) string {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = w.Write(make([]byte, size))
	_ = w.Flush()
	return strings.TrimSuffix(out.String(), "\x00\x00\xff\xff")
}

func TestAMessageIsBoundedAlsoOnceItIsUnpacked(t *testing.T) {
	for name, test := range map[string]struct {
		size int
		kind core.ErrorKind
		says string
	}{
		"small":     {1000, "", ""},
		"too large": {100_000, core.ErrorProtocol, "more than 5000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// The client has not asked for it.
				header := http.Header{"Sec-WebSocket-Extensions": {"permessage-deflate; server_no_context_takeover; client_no_context_takeover"}}
				conn, err := (&websocket.Upgrader{}).Upgrade(w, r, header)
				if err != nil {
					return
				}
				defer conn.Close()
				c := talk{conn, r}
				_, _ = c.NetConn().Read(make([]byte, 100)) // the turn, which is packed
				packed := frame(true, websocket.TextMessage, deflated(test.size))
				c.write(string([]byte{packed[0] | 0x40}) + packed[1:])
				_, _ = io.Copy(io.Discard, c.NetConn())
			}))
			defer server.Close()
			c := begin(t, opened(t, inProcess{}, config("ws"+strings.TrimPrefix(server.URL, "http"), keys{"max_message_bytes": 5000})), core.Start{})
			reply, err := c.Send(t.Context(), core.UserText("x"))
			if core.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), test.says) {
				t.Errorf("%v, want %s", err, test.kind)
			}
			if err == nil && len(reply.Message.Text()) != test.size {
				t.Errorf("%d bytes, want %d", len(reply.Message.Text()), test.size)
			}
		})
	}
}

func TestAServiceThatReadsNothingIsGivenUp(t *testing.T) {
	leave := make(chan struct{})
	url := serve(t, func(talk) { <-leave })
	c := begin(t, opened(t, inProcess{}, config(url, keys{"timeouts": keys{"turn": "300ms"}})), core.Start{})
	_, err := c.Send(t.Context(), core.UserText(strings.Repeat("x", 32<<20)))
	close(leave)
	if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(fmt.Sprint(err), "did not read a message within 300ms") {
		t.Errorf("error %v (%s)", err, core.KindOf(err))
	}
}

func TestAServiceThatNeitherReadsNorAnswersPingsIsLost(t *testing.T) {
	leave := make(chan struct{})
	url := serve(t, func(talk) { <-leave })
	c := begin(t, opened(t, inProcess{}, config(url, keys{"timeouts": keys{"turn": "20s", "alive": "300ms"}})), core.Start{})
	_, err := c.Send(t.Context(), core.UserText(strings.Repeat("x", 32<<20)))
	close(leave)
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(fmt.Sprint(err), "answers no ping") {
		t.Errorf("error %v (%s)", err, core.KindOf(err))
	}
}

func TestAFloodBetweenTurnsEndsTheConversation(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		c.say(`{"t":"one","type":"end"}`)
		flood(c, frame(true, websocket.TextMessage, `{"type":"tick"}`))
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"reply": keys{"text": ".t // empty", "end": `.type == "end"`}, "timeouts": keys{"turn": "500ms"}})), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "one" {
		t.Fatalf("%q, %v", reply.Message.Text(), err)
	}
	if _, err := c.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("error %v (%s), want a timeout", err, core.KindOf(err))
	}
}
