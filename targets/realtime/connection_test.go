package realtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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
		spoken := make(chan struct{})
		go func() {
			defer close(spoken)
			tells(conn, created("r"))
			for range 60 {
				time.Sleep(5 * time.Second)
				tells(conn, word("r", "."))
			}
			tells(conn, ended("r", "completed"))
		}()
		_ = hearsOf(conn, "nothing") // so that pings can be sent
		<-spoken
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
			before, after, _ := strings.Cut(word("r", "TEXT"), "TEXT") // quoting so much takes long
			tells(conn, created("r"), before+strings.Repeat("x", maxFrame)+after, ended("r", "completed"))
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

func TestTheTimeToConnectCoversTheHandshakeAndTheSession(t *testing.T) {
	inVirtualTime(t, answersAll, func(v *virtual, target *target) { // connect is 15 s
		v.slow = 10 * time.Second
		before := time.Now()
		_, err := target.StartConversation(v.Context(), core.Start{})
		if took := time.Since(before); core.KindOf(err) != core.ErrorTimeout || core.SubjectOf(err) != core.SubjectReachability || took > 16*time.Second {
			t.Errorf("after %s: %v, which speaks of %s", took, err, core.SubjectOf(err))
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
