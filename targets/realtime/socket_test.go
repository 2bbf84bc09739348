package realtime

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// greeted returns a socket whose service sends one event, when it is released,
// and then nothing.
func greeted(t *testing.T, release chan struct{}) *socket {
	t.Helper()
	over := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		<-release
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
	return newSocket(conn, compatible(), nil, time.Minute, nil)
}

// asking is a machine that asks for a reply when it hears anything, and keeps
// what it is told at last.
type asking struct {
	until time.Time
	asked chan struct{} // closed when it asks
	lost  error
	late  bool
}

func (a *asking) on(*serverEvent) (send []any, changed bool) {
	defer close(a.asked)
	return []any{responseCreate{Type: "response.create"}}, false
}

func (a *asking) tell(sig signal, now time.Time) []any {
	if sig.kind == signalLost {
		a.lost = sig.err
	}
	a.late = !now.Before(a.until)
	return nil
}
func (a *asking) due(time.Time) time.Time { return a.until }
func (a *asking) done() bool              { return a.lost != nil || a.late }

func TestWhatTheReaderCannotSendEndsTheWaiting(t *testing.T) {
	release := make(chan struct{})
	m := &asking{until: time.Now().Add(10 * time.Second), asked: make(chan struct{})}
	s := greeted(t, release)
	if err := s.conn.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { s.run(t.Context(), m); close(ended) }()
	for waiting := false; !waiting; { // or else what it asks would be sent by run
		s.mu.Lock()
		waiting = s.waiting
		s.mu.Unlock()
	}
	close(release)
	<-ended
	if core.KindOf(m.lost) != core.ErrorUnavailable {
		t.Errorf("got %v", m.lost)
	}
	s.close()
}

// zeros is endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAFrameIsBoundedAlsoOnceItIsUnpacked(t *testing.T) {
	release := make(chan struct{})
	s := greeted(t, release)
	defer func() { _ = s.conn.Close(); <-s.gone }()
	for size, want := range map[int64]error{1: nil, maxFrame: nil, maxFrame + 1: websocket.ErrReadLimit, 1 << 50: websocket.ErrReadLimit} {
		if err := s.readFrame(websocket.BinaryMessage, io.LimitReader(zeros{}, size)); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", size, err, want)
		}
	}
	close(release)
}
