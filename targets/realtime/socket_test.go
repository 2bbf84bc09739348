package realtime

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// greeted returns a socket whose service sends one event and then nothing. The
// caller has the floor.
func greeted(t *testing.T) *socket {
	t.Helper()
	over := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"session.created"}`))
		<-over
	}))
	t.Cleanup(web.Close)
	t.Cleanup(func() { close(over) })
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(web.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return newSocket(conn, compatible(), time.Minute)
}

func TestWhatTheHandlerCannotSendEndsTheWaiting(t *testing.T) {
	s := greeted(t)
	s.handle = func(*serverEvent, error) (wake bool) {
		if err := s.answer(bareEvent{Type: "response.create"}); err != nil {
			t.Error(err)
		}
		return false
	}
	if err := s.conn.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := s.wait(t.Context(), time.Now().Add(10*time.Second)); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("got %v", err)
	}
	s.leave()
	s.close()
}
