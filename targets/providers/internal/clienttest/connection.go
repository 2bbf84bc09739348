package clienttest

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Opener returns what opens a target with a configuration, a JSON object, until the test
// ends.
func Opener(t testing.TB, component core.Component) Open {
	return func(ctx context.Context, config []byte) (core.Target, error) {
		target, err := component.Open(ctx, config)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = target.(io.Closer).Close() })
		return target.(core.Target), nil
	}
}

// ReusesConnections checks that a stream which ends a little after the reply is read to
// its end, so that its connection serves the next turn, and that one which never ends is
// not waited for. The stream says "no", and that the reply is complete.
func ReusesConnections(t *testing.T, opened func(t testing.TB) Open, stream string) {
	t.Helper()
	for name, test := range map[string]struct {
		after time.Duration
		most  int32
	}{"a stream that ends": {20 * time.Millisecond, 1}, "one that is left open": {time.Hour, 3}} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			web := streaming(stream, test.after, &connections)
			defer web.Close()
			talk(t, opened(t), web.URL)
			if got := connections.Load(); got > test.most {
				t.Errorf("%d connections were opened, want %d", got, test.most)
			}
		})
	}
}

// streaming is a server that answers with a stream, which it ends after a time. It counts
// its connections.
func streaming(stream string, after time.Duration, connections *atomic.Int32) *httptest.Server {
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, stream)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(after):
		}
	}))
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	web.Start()
	return web
}

// talk takes three turns, which all have to be complete.
func talk(t *testing.T, open Open, address string) {
	t.Helper()
	config, err := json.Marshal(map[string]string{"endpoint": address, "model": "m"})
	if err != nil {
		t.Fatal(err)
	}
	target, err := open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if r, err := c.Send(t.Context(), core.UserText("the code?")); err != nil || r.Finish != core.FinishComplete {
			t.Fatalf("%s %s, %v", r.Finish, r.Detail, err)
		}
	}
}

// TimesTheReply checks that the time of a reply is that of its last event, and not that of
// the stream's end, which is waited for.
func TimesTheReply(t *testing.T, opened func(t testing.TB) Open, stream string) {
	t.Helper()
	var connections atomic.Int32
	web := streaming(stream, time.Hour, &connections)
	defer web.Close()
	config, err := json.Marshal(map[string]string{"endpoint": web.URL, "model": "m"})
	if err != nil {
		t.Fatal(err)
	}
	target, err := opened(t)(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r, err := c.Send(t.Context(), core.UserText("the code?"))
	if err != nil {
		t.Fatal(err)
	}
	if after := time.Since(began) - r.Timing.Total; r.Timing.Total == 0 || after < 400*time.Millisecond {
		t.Errorf("the reply took %s, which is %s less than the whole turn", r.Timing.Total, after)
	}
}
