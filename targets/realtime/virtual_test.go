package realtime

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// virtual is a service in the process, in whose time nobody waits: its
// connections are pipes. It opens a session, takes its settings, and then does
// with each connection as its script says.
type virtual struct {
	*testing.T
	pipes       chan net.Conn
	connections int
	lasts       time.Duration // how long a session lasts; 0 if the service does not say
	// busy is the number of the connection that is refused for a minute; 0 for none.
	busy int
	// slow is how long a handshake takes, after which no session is announced; 0 for
	// a service that opens sessions.
	slow   time.Duration
	script func(conn *websocket.Conn)
}

// inVirtualTime runs a test with a service and a target that talks to it.
func inVirtualTime(t *testing.T, script func(conn *websocket.Conn), test func(v *virtual, target *target)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{T: t, pipes: make(chan net.Conn), script: script}
		web := &http.Server{Handler: v}
		served := make(chan struct{})
		go func() { _ = web.Serve(v); close(served) }()
		practice := &target{config: defaultConfig(), endpoint: endpoint{dialect: compatible(), url: "ws://service/v1/realtime"}, access: &access.Access{}}
		practice.config.Output = "text"
		practice.network.dialer = websocket.Dialer{NetDialContext: v.dial}
		test(v, practice)
		_ = web.Close()
		<-served
	})
}

func (v *virtual) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	v.pipes <- server
	return client, nil
}

func (v *virtual) Accept() (net.Conn, error) {
	if pipe, ok := <-v.pipes; ok {
		return pipe, nil
	}
	return nil, net.ErrClosed
}

func (v *virtual) Close() error { close(v.pipes); return nil }

func (v *virtual) Addr() net.Addr { return &net.UnixAddr{Name: "service"} }

func (v *virtual) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.connections++; v.connections == v.busy {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	time.Sleep(v.slow)
	conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		v.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	if v.slow > 0 {
		_ = hearsOf(conn, "nothing")
		return
	}
	session := "{}"
	if v.lasts > 0 {
		session = fmt.Sprintf(`{"expires_at":%d}`, time.Now().Add(v.lasts).Unix())
	}
	tells(conn, `{"type":"session.created","session":`+session+`}`)
	if !hearsOf(conn, "session.update") {
		return
	}
	tells(conn, `{"type":"session.updated","session":{}}`)
	v.script(conn)
	for hearsOf(conn, "nothing else") {
		// Read on, so that pings and the client's goodbye are answered.
	}
}

// tells sends events; the client may be gone.
func tells(conn *websocket.Conn, frames ...string) {
	for _, frame := range frames {
		_ = conn.WriteMessage(websocket.TextMessage, []byte(frame))
	}
}

// hearsOf reads until an event of a type, and reports whether it came.
func hearsOf(conn *websocket.Conn, kind string) bool {
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return false
		}
		if got, err := memberString(frame, "type"); err == nil && got == kind {
			return true
		}
	}
}

// answersAll has the service answer every turn at once.
func answersAll(conn *websocket.Conn) {
	for n := 1; hearsOf(conn, ask); n++ {
		id := fmt.Sprint("r", n)
		tells(conn, created(id), word(id, fmt.Sprint("reply ", n)), ended(id, "completed"))
	}
}

// talk starts a conversation that ends with the test.
func (v *virtual) talk(target *target) (c core.Conversation, end func()) {
	v.Helper()
	c, err := target.StartConversation(v.Context(), core.Start{})
	if err != nil {
		v.Fatal(err)
	}
	return c, func() {
		if err := c.End(v.Context()); err != nil {
			v.Error(err)
		}
	}
}

// answered sends a turn, to which the reply has to be this.
func (v *virtual) answered(c core.Conversation, want string) {
	v.Helper()
	reply, err := c.Send(v.Context(), core.UserText("hello"))
	if err != nil || reply.Message.Text() != want || reply.Finish != core.FinishComplete {
		v.Errorf("answered with %q, %s (%s), error %v; want %q", reply.Message.Text(), reply.Finish, reply.Detail, err, want)
	}
}

// confirmsAll has the service confirm every message and answer every question.
// A message at which it hangs up is not confirmed. Both are counted from 1, over
// all connections.
func confirmsAll(hangsUpAt ...int) func(conn *websocket.Conn) {
	messages, questions := 0, 0
	return func(conn *websocket.Conn) {
		for {
			var event struct {
				Type string `json:"type"`
				Item struct {
					ID string `json:"id"`
				} `json:"item"`
			}
			if conn.ReadJSON(&event) != nil {
				return
			}
			switch event.Type {
			case item:
				if messages++; slices.Contains(hangsUpAt, messages) {
					_ = conn.Close()
					return
				}
				tells(conn, added(event.Item.ID))
			case ask:
				questions++
				id := fmt.Sprint("r", questions)
				tells(conn, created(id), word(id, fmt.Sprint("reply ", questions)), ended(id, "completed"))
			}
		}
	}
}
