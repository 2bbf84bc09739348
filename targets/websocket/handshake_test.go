package wstarget_test

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAConnectionThatIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   core.ErrorKind
	}{"no key": {401, core.ErrorAuth}, "a limit": {429, core.ErrorRateLimited}, "down": {503, core.ErrorUnavailable}, "no socket": {200, core.ErrorProtocol}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }))
			defer server.Close()
			_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(server.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), fmt.Sprint(test.status)) {
				t.Errorf("error %v (%s), want %s", err, core.KindOf(err), test.kind)
			}
		})
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(closed.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
	if core.SubjectOf(err) != core.SubjectReachability {
		t.Errorf("nobody listens: %v (%s)", err, core.SubjectOf(err))
	}
}

func TestTheHandshakeCarriesHeadersKeyAndSubprotocols(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		c.say(c.request.Header.Get("Authorization") + "|" + c.request.Header.Get("X-Bot") + "|" + c.Subprotocol() + "|" + c.request.URL.Query().Get("token"))
		c.read()
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"query": keys{"token": "t&k"}, "api_key": "k3y-secret", "headers": keys{"X-Bot": "7"}, "subprotocols": []string{"chat.v1", "chat.v2"}})), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "Bearer k3y-secret|7|chat.v2|t&k" {
		t.Errorf("%q, %v", reply.Message.Text(), err)
	}
}

func TestAServiceThatIsNotReadyInTime(t *testing.T) {
	for name, more := range map[string]keys{"no ready": {"ready": ".ok"}, "no greeting": {"greeting": true}} {
		more["timeouts"] = keys{"connect": "300ms"}
		_, err := opened(t, inProcess{}, config(serve(t, answering()), more)).StartConversation(t.Context(), core.Start{})
		if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "not ready within 300ms") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// handshakes starts a server of HTTP that answers the handshake, and returns its address.
func handshakes(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func TestAnAnswerToTheHandshakeThatIsNoWebsocket(t *testing.T) {
	var asked atomic.Int32
	elsewhere := handshakes(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	respond := func(lines ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
		}
	}
	accept := func(key string) string {
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   core.ErrorKind
		says   string
		hint   string
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>Welcome</html>")
		}, core.ErrorProtocol, "HTTP 200", "no websocket answers at that address"},
		"nothing there": {http.NotFound, core.ErrorConfig, "HTTP 404", "check url"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http"+strings.TrimPrefix(elsewhere, "ws"), http.StatusFound)
		}, core.ErrorConfig, "HTTP 302", "redirects are not followed"},
		"another answer's key": {respond("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: "+accept("another")), core.ErrorProtocol, "not those of a websocket", "Sec-WebSocket-Accept"},
		"no upgrade":           {respond("HTTP/1.1 101 Switching Protocols"), core.ErrorProtocol, "not those of a websocket", "Upgrade"},
		"no HTTP":              {respond("SSH-2.0-OpenSSH_9.2"), core.ErrorUnavailable, "malformed HTTP", ""},
		"a subprotocol that was not offered": {func(w http.ResponseWriter, r *http.Request) {
			respond("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
				"Sec-WebSocket-Accept: "+accept(r.Header.Get("Sec-WebSocket-Key")), "Sec-WebSocket-Protocol: chat.v9")(w, r)
		}, core.ErrorProtocol, `"chat.v9", which was not offered`, "subprotocols"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := opened(t, inProcess{}, config(handshakes(t, test.answer), keys{"subprotocols": []string{"chat.v1"}})).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), test.says) || !strings.Contains(core.HintOf(err), test.hint) {
				t.Errorf("%v (%s), hint %q; want %s saying %q, hint %q", err, core.KindOf(err), core.HintOf(err), test.kind, test.says, test.hint)
			}
		})
	}
	if asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestAServiceThatNeverAnswersTheHandshakeIsGivenUp(t *testing.T) {
	leave := make(chan struct{})
	url := handshakes(t, func(http.ResponseWriter, *http.Request) { <-leave })
	_, err := opened(t, inProcess{}, config(url, keys{"timeouts": keys{"connect": "200ms"}})).StartConversation(t.Context(), core.Start{})
	close(leave)
	if core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("%v (%s)", err, core.KindOf(err))
	}
}

func TestAGreetingIsAllThatTheServiceSaysFirst(t *testing.T) {
	for name, test := range map[string]struct {
		more     keys
		greeting []string
		answer   string
	}{
		"messages without an end": {nil, []string{"Welcome.", "I am the vault.", "Ask me."}, "No."},
		"pieces and an end": {
			keys{"reply": keys{"text": ".t", "end": ".end"}},
			[]string{`{"t":"Welcome. "}`, `{"t":"I am the vault. "}`, `{"t":"Ask me.","end":true}`},
			`{"t":"No.","end":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(c talk) {
				c.sayAtOnce(test.greeting...)
				c.read()
				c.say(test.answer)
				c.read()
			})
			c := begin(t, opened(t, inProcess{}, config(url, with(test.more, "greeting", true))), core.Start{})
			reply, err := c.Send(t.Context(), core.UserText("x"))
			outcome{text: "No.", finish: core.FinishComplete, warns: "Ask me."}.check(t, reply, err)
			if len(reply.Warnings) != 1 || !strings.Contains(reply.Warnings[0], "Welcome.") || !strings.Contains(reply.Warnings[0], "I am the vault.") {
				t.Errorf("warnings %q", reply.Warnings)
			}
		})
	}
}
