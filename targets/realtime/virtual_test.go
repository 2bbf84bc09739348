package realtime

import (
	"context"
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

	"github.com/redteam-orchestrator/orchestrator/core"
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
	busy   int
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
	if v.connections++; v.connections == v.busy {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		v.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
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

func TestACallerWhoLeavesIsNotHeldByAServiceThatAcceptsNothing(t *testing.T) {
	var released chan struct{}
	inVirtualTime(t, func(*websocket.Conn) { <-released }, func(v *virtual, target *target) {
		released = make(chan struct{})
		c, end := v.talk(target)
		before := time.Now()
		ctx, cancel := context.WithTimeout(v.Context(), 5*time.Second)
		defer cancel()
		if _, err := c.Send(ctx, core.UserText("hello")); !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(before), err)
		}
		close(released)
		end()
	})
}

func TestAFrameThatIsTooLargeIsRefused(t *testing.T) {
	large := func(conn *websocket.Conn) {
		if hearsOf(conn, ask) {
			tells(conn, created("r"), word("r", strings.Repeat("x", maxFrame)), ended("r", "completed"))
		}
	}
	inVirtualTime(t, large, func(v *virtual, target *target) {
		target.config.MaxReplyBytes = 2 * maxFrame
		c, end := v.talk(target)
		defer end()
		if reply, err := c.Send(v.Context(), core.UserText("hello")); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("a reply of %d bytes, error %v", len(reply.Message.Text()), err)
		}
	})
}

func TestASessionThatIsAboutToEndIsLeftInTime(t *testing.T) {
	inVirtualTime(t, answersAll, func(v *virtual, target *target) { // rollover is 3 m
		v.lasts = time.Hour
		c, end := v.talk(target)
		defer end()
		v.answered(c, "reply 1")
		time.Sleep(56 * time.Minute)
		v.answered(c, "reply 2")
		time.Sleep(2 * time.Minute)
		v.answered(c, "reply 1") // on another connection
		if v.connections != 2 {
			t.Errorf("%d connections, want 2", v.connections)
		}
	})
}

func TestAConversationIsRestoredWhenTheServiceAsksToComeBack(t *testing.T) {
	inVirtualTime(t, confirmsAll(2), func(v *virtual, target *target) {
		v.busy = 2
		c, end := v.talk(target)
		defer end()
		v.answered(c, "reply 1")
		before := time.Now()
		v.answered(c, "reply 2")
		if took := time.Since(before); took < time.Minute || v.connections != 3 {
			t.Errorf("after %s, on connection %d", took, v.connections)
		}
	})
}

func TestAServiceThatSpeaksWhileNothingIsAskedIsLeft(t *testing.T) {
	talks := func(conn *websocket.Conn) {
		if hearsOf(conn, ask) {
			tells(conn, created("r"), word("r", "reply"), ended("r", "completed"))
			time.Sleep(time.Minute)
			tells(conn, created("own"))
		}
	}
	inVirtualTime(t, talks, func(v *virtual, target *target) {
		c, end := v.talk(target)
		defer end()
		v.answered(c, "reply")
		time.Sleep(2 * time.Minute)
		v.answered(c, "reply")
		if v.connections != 2 {
			t.Errorf("%d connections, want 2", v.connections)
		}
		time.Sleep(2 * time.Minute)
	})
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

func TestEachTurnMayBeTriedAsOftenAsIsConfigured(t *testing.T) {
	// The first turn is message 1, the second 2. That is given back as 3 and 4,
	// and the turn follows as 5; the third turn is message 6.
	inVirtualTime(t, confirmsAll(2, 6), func(v *virtual, target *target) {
		target.config.Reconnects = 1
		c, end := v.talk(target)
		defer end()
		v.answered(c, "reply 1")
		replies, err := c.(core.Interruptible).Exchange(v.Context(), []core.Message{core.UserText("two"), saidOver(core.UserText("three"), time.Hour)})
		if err != nil || len(replies) != 2 || replies[1].Message.Text() != "reply 3" || v.connections != 3 {
			t.Errorf("%d replies on %d connections, error %v", len(replies), v.connections, err)
		}
	})
}

func TestATurnWhoseReplyBrokeOffIsNotGivenBack(t *testing.T) {
	connections, items := 0, 0
	hangsUp := func(conn *websocket.Conn) {
		if connections++; connections == 1 {
			if hearsOf(conn, ask) {
				tells(conn, created("r"), word("r", "one"), ended("r", "completed"))
			}
			if hearsOf(conn, ask) {
				tells(conn, created("s"), word("s", "tw"))
			}
			_ = conn.Close()
			return
		}
		for {
			_, frame, err := conn.ReadMessage()
			if err != nil {
				return
			}
			switch kind, _ := memberString(frame, "type"); kind {
			case item:
				items++
			case ask:
				tells(conn, created("t"), word("t", "three"), ended("t", "completed"))
			}
		}
	}
	inVirtualTime(t, hangsUp, func(v *virtual, target *target) {
		c, end := v.talk(target)
		defer end()
		v.answered(c, "one")
		reply, err := c.Send(v.Context(), core.UserText("two"))
		if core.KindOf(err) != core.ErrorUnavailable || core.SubjectOf(err) != core.SubjectAnswer || reply.Finish != core.FinishBroken || reply.Message.Text() != "tw" {
			t.Errorf("%q, %s, error %v", reply.Message.Text(), reply.Finish, err)
		}
		v.answered(c, "three")
		if items != 3 {
			t.Errorf("the service was given %d items, want the first turn, its reply and the third turn", items)
		}
	})
}

func TestWhatAServiceSaysWhileASessionIsSetUpIsNotTheAnswerToATurn(t *testing.T) {
	greets := func(conn *websocket.Conn) {
		if hearsOf(conn, item) {
			tells(conn, created("g"), word("g", "welcome"), ended("g", "completed"), added("item_2"))
		}
		confirmsAll()(conn)
	}
	inVirtualTime(t, greets, func(v *virtual, target *target) {
		c, err := target.StartConversation(v.Context(), core.Start{History: []core.Message{core.UserText("before")}})
		if err != nil {
			t.Fatal(err)
		}
		v.answered(c, "reply 1")
		if err := c.End(v.Context()); err != nil || v.connections != 1 {
			t.Errorf("%d connections, want 1 (%v)", v.connections, err)
		}
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
