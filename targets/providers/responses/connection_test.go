package responses_test

import (
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

// A stream ends a little after its last event.
func TestAConnectionIsUsedForTheNextTurn(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		most  int32
	}{"a stream that ends": {20 * time.Millisecond, 1}, "one that is left open": {time.Hour, 3}} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, `data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"no"}]}]}}`+"\n\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(test.after):
				}
			}))
			web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			web.Start()
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
			for range 3 {
				if r, err := c.Send(t.Context(), core.UserText("the code?")); err != nil || r.Finish != core.FinishComplete {
					t.Fatalf("%s %s, %v", r.Finish, r.Detail, err)
				}
			}
			if got := connections.Load(); got > test.most {
				t.Errorf("%d connections were opened, want %d", got, test.most)
			}
		})
	}
}
