package realtime

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// virtual is a service in the process, in whose time nobody waits: its
// connections are pipes. It opens a session, takes its settings, and then does
// with each connection as its script says.
type virtual struct {
	*testing.T
	pipes       chan net.Conn
	connections int
	script      func(conn *websocket.Conn)
}

// inVirtualTime runs a test with a service and a target that talks to it.
func inVirtualTime(t *testing.T, script func(conn *websocket.Conn), test func(v *virtual, target *target)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{T: t, pipes: make(chan net.Conn), script: script}
		web := &http.Server{Handler: v}
		served := make(chan struct{})
		go func() { _ = web.Serve(v); close(served) }()
		practice := &target{config: defaultConfig(), endpoint: endpoint{dialect: compatible(), url: "ws://service/v1/realtime"}, secrets: &secrets{}}
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
	conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		v.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	v.connections++
	tells(conn, `{"type":"session.created","session":{}}`)
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

func TestAnIdleConnectionThatIsHealthyIsKept(t *testing.T) {
	inVirtualTime(t, answersAll, func(v *virtual, target *target) {
		c, end := v.talk(target)
		defer end()
		for n := range 3 {
			v.answered(c, fmt.Sprint("reply ", n+1))
			time.Sleep(time.Hour) // the service answers pings, and says nothing
		}
		if v.connections != 1 {
			t.Errorf("%d connections, want 1", v.connections)
		}
	})
}

func TestAnIdleConnectionThatHasDiedIsNoticed(t *testing.T) {
	var released chan struct{}
	deaf := func(conn *websocket.Conn) {
		if hearsOf(conn, ask) {
			tells(conn, created("r"), word("r", "one"), ended("r", "completed"))
		}
		<-released // it reads no more, and so answers no ping
	}
	inVirtualTime(t, deaf, func(v *virtual, target *target) {
		released = make(chan struct{})
		c, end := v.talk(target)
		v.answered(c, "one")
		socket := c.(*conversation).session.socket
		before := time.Now()
		select {
		case <-socket.gone:
		case <-time.After(time.Hour):
			t.Error("the connection is not taken for dead")
		}
		if alive := target.config.Timeouts.Alive.Std(); time.Since(before) > alive {
			t.Errorf("noticed after %s, want %s at most", time.Since(before), alive)
		}
		close(released)
		end()
	})
}

func TestAServiceThatSpeaksIsAliveThoughItAnswersNoPing(t *testing.T) {
	busy := func(conn *websocket.Conn) {
		conn.SetPingHandler(func(string) error { return nil })
		if !hearsOf(conn, ask) {
			return
		}
		go func() { _ = hearsOf(conn, "nothing") }() // so that pings can be sent
		tells(conn, created("r"))
		for range 60 {
			time.Sleep(5 * time.Second)
			tells(conn, word("r", "."))
		}
		tells(conn, ended("r", "completed"))
	}
	inVirtualTime(t, busy, func(v *virtual, target *target) {
		target.config.Timeouts.Turn = core.Duration(time.Hour)
		c, end := v.talk(target)
		defer end()
		v.answered(c, strings.Repeat(".", 60)) // which takes five minutes
	})
}

func TestAReplyThatKeepsComingIsNotCutOff(t *testing.T) {
	slow := func(conn *websocket.Conn) {
		for hearsOf(conn, ask) {
			tells(conn, created("r"))
			for range 10 {
				time.Sleep(9 * time.Second) // quiet is 10 s
				tells(conn, word("r", "."))
			}
			tells(conn, ended("r", "completed"))
		}
	}
	inVirtualTime(t, slow, func(v *virtual, target *target) {
		c, end := v.talk(target)
		defer end()
		v.answered(c, strings.Repeat(".", 10))
	})
}

func TestAServiceThatAcceptsNothingIsATimeout(t *testing.T) {
	var released chan struct{}
	inVirtualTime(t, func(*websocket.Conn) { <-released }, func(v *virtual, target *target) {
		released = make(chan struct{})
		target.config.Timeouts.Alive, target.config.Reconnects = core.Duration(time.Hour), 0
		c, end := v.talk(target)
		before := time.Now()
		_, err := c.Send(v.Context(), core.UserText("hello"))
		if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "did not accept an event within 30s") || time.Since(before) != writeTime {
			t.Errorf("after %s: %v", time.Since(before), err)
		}
		close(released)
		end()
	})
}

func TestAContextThatEndsAfterItsTurnLeavesTheConnectionAlone(t *testing.T) {
	inVirtualTime(t, answersAll, func(v *virtual, target *target) {
		c, end := v.talk(target)
		defer end()
		ctx, cancel := context.WithCancel(v.Context())
		if _, err := c.Send(ctx, core.UserText("hello")); err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		v.answered(c, "reply 2")
		if v.connections != 1 {
			t.Errorf("%d connections, want 1", v.connections)
		}
	})
}
