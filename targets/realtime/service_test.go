package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// service is one client of a service that says exactly what a test wants: for
// what the practice server is too well-behaved.
type service struct {
	t      testing.TB
	socket *websocket.Conn
}

// scripted returns the address of a service that opens a session, takes its
// settings, and then does as the script says.
func scripted(t testing.TB, script func(s *service)) address {
	t.Helper()
	web := httptest.NewServer(serviceOf(t, script))
	t.Cleanup(web.Close)
	return address{url: web.URL}
}

func serviceOf(t testing.TB, script func(s *service)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = socket.Close() }()
		s := &service{t: t, socket: socket}
		s.say(`{"type":"session.created","session":{}}`)
		if s.await("session.update") != nil {
			s.say(`{"type":"session.updated","session":{}}`)
		}
		script(s)
		for s.next() != nil {
			// Read on, so that the client's goodbye is answered.
		}
	})
}

func (s *service) say(frames ...string) {
	for _, frame := range frames {
		_ = s.socket.WriteMessage(websocket.TextMessage, []byte(frame)) // the client may be gone
	}
}

// next returns the client's next event, or nil when it is gone.
func (s *service) next() map[string]any {
	var event map[string]any
	if err := s.socket.ReadJSON(&event); err != nil {
		return nil
	}
	return event
}

// await reads events until one of a type.
func (s *service) await(eventType string) map[string]any {
	for {
		event := s.next()
		if event == nil || event["type"] == eventType {
			return event
		}
	}
}

// response returns the events of a short written reply. Like some compatible
// services it does not repeat the request's metadata.
func response(id, text string) []string {
	return []string{
		fmt.Sprintf(`{"type":"response.created","response":{"id":%q}}`, id),
		fmt.Sprintf(`{"type":"response.output_text.delta","response_id":%q,"item_id":"o","delta":%q}`, id, text),
		fmt.Sprintf(`{"type":"response.done","response":{"id":%q,"status":"completed"}}`, id),
	}
}

func heardEvent(itemID, transcript string) string {
	return fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.completed","item_id":%q,"transcript":%q}`, itemID, transcript)
}

// talkTo starts a conversation with a scripted service.
func talkTo(t testing.TB, at address, more settings) core.Conversation {
	t.Helper()
	config := settings{"endpoint": at.url, "model": "m", "output": "text"}
	for key, value := range more {
		config[key] = value
	}
	return begin(t, at.open(t, config), core.Start{})
}

// replyMargin is what the target leaves of a caller's time.
const replyMargin = 500 * time.Millisecond

func itemIDOf(event map[string]any) string {
	item, _ := event["item"].(map[string]any)
	id, _ := item["id"].(string)
	return id
}

func TestAReplyAfterAnUnexplainedErrorIsNotConclusive(t *testing.T) {
	// The service may have refused the item that carried the attack, and
	// answered what was said before.
	const objection = `{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"No such part."}}`
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		s.say(objection)
		s.say(response("r1", "how can I help?")...)
		s.await("response.create")
		s.say(response("r2", "as before")...)
	}), nil)
	reply := send(t, c, core.UserText("the attack"))
	if reply.Finish != core.FinishUnconfirmed || !strings.Contains(reply.Detail, "No such part.") {
		t.Errorf("finish %q (%s)", reply.Finish, reply.Detail)
	}
	if reply := send(t, c, core.UserText("more")); reply.Finish != core.FinishComplete {
		t.Errorf("the next turn: finish %q (%s)", reply.Finish, reply.Detail)
	}
}

func TestAfterATurnWhoseEndIsNotKnownTheConversationMovesToAnotherConnection(t *testing.T) {
	asked := make(chan struct{})
	var connections atomic.Int32
	c := talkTo(t, scripted(t, func(s *service) {
		if connections.Add(1) == 1 {
			s.await("response.create")
			close(asked)
			// The reply to the first turn comes when the second is under way.
			if s.await("response.create") != nil {
				s.say(response("r1", "the answer to the first turn")...)
			}
			return
		}
		s.await("response.create")
		s.say(response("r2", "the answer to the second")...)
	}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := c.Send(ctx, core.UserText("one")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if got := send(t, c, core.UserText("two")).Message.Text(); got != "the answer to the second" {
		t.Errorf("the second turn is answered with %q", got)
	}
}

func TestAServiceThatDoesNotReadCannotHoldACancelledTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := talkTo(t, scriptedInMemory(t, func(*service) { <-release }), nil)
		defer close(release)
		for _, limit := range []time.Duration{0, 20 * time.Millisecond} { // before sending, and while
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := c.Send(ctx, core.UserText(strings.Repeat("x", 4<<20)))
				done <- err
			}()
			select {
			case err := <-done:
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("the turn goes on")
			}
		}
	})
}

func TestASilentPortIsATimeout(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	target := openTarget(t, settings{
		"endpoint": "ws://" + listener.Addr().String(), "model": "m", "timeouts": map[string]string{"connect": "5ms"},
	})
	for range 20 { // two clocks run out at the same time
		if _, err := target.StartConversation(t.Context(), core.Start{}); core.KindOf(err) != core.ErrorTimeout {
			t.Fatalf("got a %q error: %v", core.KindOf(err), err)
		}
	}
}

func TestATurnThatEndsWithoutAReplyIsTakenBackWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deleted := make(chan string, 10)
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			s.await("input_audio_buffer.commit")
			s.say(`{"type":"input_audio_buffer.committed","item_id":"theirs"}`)
			s.await("response.create")
			s.say(`{"type":"response.created","response":{"id":"r1"}}`)
			s.await("response.cancel")
			s.say(`{"type":"response.done","response":{"id":"r1","status":"cancelled"}}`)
			id, _ := s.await("conversation.item.delete")["item_id"].(string)
			deleted <- id
			s.await("response.create")
			s.say(response("r2", "yes")...)
		}), settings{"timeouts": map[string]string{"turn": "300ms"}})
		if _, err := c.Send(t.Context(), spoken(t, long)); core.KindOf(err) != core.ErrorTimeout {
			t.Fatalf("got %v", err)
		}
		if id := <-deleted; id != "theirs" {
			t.Errorf("item %q was deleted", id)
		}
		if got := send(t, c, core.UserText("again")).Message.Text(); got != "yes" {
			t.Errorf("the next turn is answered with %q", got)
		}
	})
}

func TestAContentFilterThatAnswersWithAnErrorHasBlockedTheReply(t *testing.T) {
	for name, frames := range map[string][]string{
		"an error event": {`{"type":"error","error":{"type":"invalid_request_error","code":"content_filter","message":"No."}}`},
		"a failed response": {
			`{"type":"response.created","response":{"id":"r"}}`,
			`{"type":"response.done","response":{"id":"r","status":"failed","status_details":{"error":{"code":"azure_content_filter","message":"No."}}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := talkTo(t, scripted(t, func(s *service) {
				s.await("response.create")
				s.say(frames...)
				s.await("response.create")
				s.say(response("r2", "yes")...)
			}), nil)
			if reply := send(t, c, core.UserText("the attack")); reply.Finish != core.FinishBlocked || !strings.Contains(reply.Detail, "No.") {
				t.Errorf("finish %q (%s)", reply.Finish, reply.Detail)
			}
			if got := send(t, c, core.UserText("more")).Message.Text(); got != "yes" {
				t.Errorf("the next turn is answered with %q", got)
			}
		})
	}
}

func TestAConnectionOnWhichNoPingIsAnsweredIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := talkTo(t, scriptedInMemory(t, func(*service) { <-release }), settings{"timeouts": map[string]string{"alive": "150ms"}})
		defer close(release)
		if _, err := c.Send(t.Context(), core.UserText("hello")); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "answers no ping") {
			t.Errorf("got a %q error: %v", core.KindOf(err), err)
		}
	})
}
