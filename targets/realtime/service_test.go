package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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

func TestWhatWasHeardIsNotedThoughItComesAfterTheReply(t *testing.T) {
	c := talkTo(t, scripted(t, func(s *service) {
		id := itemIDOf(s.await("conversation.item.create"))
		s.await("response.create")
		s.say(response("r1", "yes")...)
		s.say(heardEvent(id, "open the vault"))
	}), settings{"transcription_model": "ears"})
	if got := send(t, c, spoken(t, time.Second)).Heard; got != "open the vault" {
		t.Errorf("heard %q", got)
	}
}

func TestAServiceThatHeardNothingOfASpokenTurnSaysSo(t *testing.T) {
	withText := core.UserText("and in writing")
	withText.Parts = append(withText.Parts, spoken(t, time.Second).Parts...)
	for _, test := range []struct {
		name       string
		message    core.Message
		transcript string
		want       bool
	}{
		{"nothing", spoken(t, time.Second), " ", true},
		{"something", spoken(t, time.Second), "hm", false},
		{"nothing, but there is text to be read", withText, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := talkTo(t, scripted(t, func(s *service) {
				id := itemIDOf(s.await("conversation.item.create"))
				s.await("response.create")
				s.say(response("r1", "yes")...)
				s.say(heardEvent(id, test.transcript))
			}), settings{"transcription_model": "ears"})
			if got := send(t, c, test.message).Unheard; got != test.want {
				t.Errorf("unheard %v, want %v", got, test.want)
			}
		})
	}
}

func TestWhatWasHeardOfLongAudioIsNotedToo(t *testing.T) {
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("input_audio_buffer.commit")
		s.say(`{"type":"input_audio_buffer.committed","item_id":"theirs"}`)
		s.await("response.create")
		s.say(response("r1", "yes")...)
		s.say(heardEvent("theirs", "a long story"))
	}), settings{"transcription_model": "ears"})
	if got := send(t, c, spoken(t, long)).Heard; got != "a long story" {
		t.Errorf("heard %q", got)
	}
}

func TestWhatWasHeardOfAnEarlierTurnIsNotTakenForThisOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			first := itemIDOf(s.await("conversation.item.create"))
			s.await("response.create")
			s.say(response("r1", "one")...)
			second := itemIDOf(s.await("conversation.item.create"))
			s.await("response.create")
			s.say(heardEvent(first, "the first"), heardEvent(second, "the second"))
			s.say(response("r2", "two")...)
		}), settings{"transcription_model": "ears", "timeouts": map[string]string{"transcript": "1ms"}})
		if got := send(t, c, spoken(t, time.Second)).Heard; got != "" {
			t.Errorf("the first turn was heard as %q, before anything was", got)
		}
		if got := send(t, c, spoken(t, time.Second)).Heard; got != "the second" {
			t.Errorf("the second turn was heard as %q", got)
		}
	})
}

func TestAReplyIsNotLostWhileWaitingForWhatWasHeard(t *testing.T) {
	for name, end := range map[string]func(s *service){
		"lost connection": func(s *service) { _ = s.socket.NetConn().Close() },
		"malformed frame": func(s *service) { s.say(`{`) },
		"error event":     func(s *service) { s.say(`{"type":"error","error":{"type":"server_error"}}`) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talkTo(t, scriptedInMemory(t, func(s *service) {
					s.await("response.create")
					s.say(response("r1", "yes")...)
					end(s)
				}), settings{"transcription_model": "ears", "timeouts": map[string]string{"transcript": "50ms"}})
				reply := send(t, c, spoken(t, time.Second))
				if reply.Finish != core.FinishComplete || reply.Message.Text() != "yes" {
					t.Errorf("reply %q, %s (%s)", reply.Message.Text(), reply.Finish, reply.Detail)
				}
			})
		})
	}
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

func TestAFloodOfErrorsDoesNotFillTheReply(t *testing.T) {
	page := strings.Repeat("x", 100<<10)
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		for range 30 {
			s.say(`{"type":"error","error":{"type":"invalid_request_error","message":"` + page + `"}}`)
		}
		s.say(response("r1", "yes")...)
	}), nil)
	size := 0
	for _, w := range send(t, c, core.UserText("hello")).Warnings {
		size += len(w)
	}
	if size > 100<<10 {
		t.Errorf("the warnings have %d bytes", size)
	}
}

func TestALimitOfTheReplyHoldsForWhateverEventBringsIt(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	created := `{"type":"response.created","response":{"id":"r"}}`
	done := func(more string) string {
		return `{"type":"response.done","response":{"id":"r","status":"completed"` + more + `}}`
	}
	for name, frames := range map[string][]string{
		"final text":       {created, `{"type":"response.output_text.done","response_id":"r","item_id":"o","text":"` + long + `"}`, done("")},
		"response.done":    {created, done(`,"output":[{"id":"o","type":"message","content":[{"type":"output_text","text":"` + long + `"}]}]`)},
		"call in the done": {created, done(`,"output":[{"id":"o","type":"function_call","call_id":"c","name":"n","arguments":"` + long + `"}]`)},
		"content filter": {
			created, `{"type":"response.output_text.delta","response_id":"r","item_id":"o","delta":"` + long + `"}`,
			`{"type":"response.done","response":{"id":"r","status":"incomplete","status_details":{"reason":"content_filter"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := talkTo(t, scripted(t, func(s *service) {
				s.await("response.create")
				s.say(frames...)
			}), settings{"max_reply_bytes": 1000})
			reply := send(t, c, core.UserText("hello"))
			if reply.Finish != core.FinishTruncated || !strings.Contains(reply.Detail, "max_reply_bytes") {
				t.Errorf("finish %q (%s)", reply.Finish, reply.Detail)
			}
		})
	}
}

func TestAReplyHasALimitedNumberOfPieces(t *testing.T) {
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		s.say(`{"type":"response.created","response":{"id":"r"}}`)
		for i := range 2000 {
			s.say(fmt.Sprintf(`{"type":"response.output_text.delta","response_id":"r","item_id":"o","content_index":%d,"delta":"x"}`, i))
		}
		s.say(`{"type":"response.done","response":{"id":"r","status":"completed"}}`)
	}), nil)
	reply := send(t, c, core.UserText("hello"))
	if n := len(reply.Message.Parts); reply.Finish != core.FinishTruncated || n > 1000 {
		t.Errorf("%d parts, finish %q (%s)", n, reply.Finish, reply.Detail)
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

func TestAReplyIsNotLostToTheCallersDeadlineWhileWaitingForWhatWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			s.await("response.create")
			s.say(response("r1", "yes")...)
		}), settings{"transcription_model": "ears", "timeouts": map[string]string{"transcript": "1h"}})
		ctx, cancel := context.WithTimeout(t.Context(), 2*replyMargin)
		defer cancel()
		reply, err := c.Send(ctx, spoken(t, time.Second))
		if err != nil || ctx.Err() != nil || len(reply.Warnings) != 1 {
			t.Errorf("%v, %v, warnings %q", err, ctx.Err(), reply.Warnings)
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

// hears has a service that detects turns hear speech in the middle of a turn
// and answer it, and again at its end: after the appends whose numbers are
// given. last is what it says after that.
func hears(s *service, first, second int, last ...string) {
	appends := 0
	for event := s.next(); event != nil; event = s.next() {
		if event["type"] != "input_audio_buffer.append" {
			continue
		}
		switch appends++; appends {
		case first:
			s.say(`{"type":"input_audio_buffer.speech_started","item_id":"u1"}`,
				`{"type":"input_audio_buffer.committed","item_id":"u1"}`)
			s.say(response("a", "to the half")...)
		case second:
			s.say(`{"type":"input_audio_buffer.speech_started","item_id":"u2"}`)
		case second + 2:
			s.say(`{"type":"input_audio_buffer.committed","item_id":"u2"}`)
			s.say(last...)
			return
		}
	}
}

func TestTheAnswerToTheEndOfASpokenTurnIsWhatCounts(t *testing.T) {
	config := detects("server_vad")
	config["timeouts"] = settings{"first_event": "500ms"}
	for name, test := range map[string]struct {
		second int
		last   []string
		text   string
		finish core.Finish
	}{
		"it comes":                               {9, response("b", "to the whole"), "to the whole", core.FinishComplete},
		"it comes to what was heard late":        {12, response("b", "to the whole"), "to the whole", core.FinishComplete},
		"it never comes":                         {9, nil, "to the half", core.FinishUnconfirmed},
		"it never comes to what was heard late":  {12, nil, "to the half", core.FinishUnconfirmed},
		"and there is no more when the end came": {9, response("b", ""), "", core.FinishUnconfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := talkTo(t, scriptedInMemory(t, func(s *service) { hears(s, 2, test.second, test.last...) }), config)
				reply := send(t, c, streamed(t, time.Second)) // ten appends, and two of silence
				if got := reply.Message.Text(); got != test.text || reply.Finish != test.finish {
					t.Errorf("the reply is %q, %s (%s), want %q, %s", got, reply.Finish, reply.Detail, test.text, test.finish)
				}
			})
		})
	}
}

func TestATurnIsNotInterruptedBeforeItHasBeenSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The answer to the half of it has played for long enough when the turn is
		// still being spoken.
		events := make(chan string, 1000)
		config := detects("server_vad")
		config["timeouts"] = settings{"cancel": "50ms"}
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			appends := 0
			for event := s.next(); event != nil; event = s.next() {
				kind, _ := event["type"].(string)
				events <- kind
				switch kind {
				case "response.create":
					s.say(response("c", "stopped")...)
					continue
				case "input_audio_buffer.append":
					appends++
				default:
					continue
				}
				switch appends {
				case 2:
					s.say(`{"type":"input_audio_buffer.committed","item_id":"u1"}`)
					s.say(response("a", "to the half")...)
				case 10:
					s.say(`{"type":"input_audio_buffer.committed","item_id":"u2"}`)
					s.say(response("b", "to the whole")[:2]...)
				}
			}
		}), config)
		replies := exchange(t, c, streamed(t, time.Second), after(100*time.Millisecond, core.UserText("stop")))
		if replies[0].Message.Text() != "to the whole" || replies[0].Finish != core.FinishInterrupted {
			t.Errorf("replies %+v", replies)
		}
		appends := 0
		for len(events) > 0 {
			kind := <-events
			if kind == "input_audio_buffer.append" {
				appends++
			}
			if kind == "response.cancel" && appends < 10 {
				t.Errorf("the reply was cancelled after %d pieces of the turn", appends)
			}
		}
	})
}

// streams has a service do something at each of some pieces of a streamed turn,
// counted from 1.
func streams(s *service, at map[int]func()) {
	for n := 1; ; n++ {
		if s.await("input_audio_buffer.append") == nil {
			return
		}
		if do, ok := at[n]; ok {
			do()
		}
	}
}

func TestWhatTheServiceSaysAfterAReplyDoesNotChangeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			streams(s, map[int]func(){10: func() {
				s.say(`{"type":"input_audio_buffer.committed","item_id":"u1"}`)
				s.say(response("a", "to what was heard")...)
				// While its transcript is waited for, the service hears more.
				s.say(`{"type":"input_audio_buffer.speech_started","item_id":"u2"}`, `{"type":"input_audio_buffer.committed","item_id":"u2"}`)
				s.say(response("b", "to something else")[:2]...)
				s.say(heardEvent("u1", "hello"))
			}})
		}), detects("server_vad"))
		reply := send(t, c, streamed(t, time.Second))
		if got := reply.Message.Text(); got != "to what was heard" && got != "to something else" || reply.Finish == core.FinishComplete {
			t.Errorf("the reply is %q, %s (%s)", got, reply.Finish, reply.Detail)
		}
	})
}

func TestAnAnswerThatComesBeforeTheTurnIsNotTheAnswerToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talkTo(t, scriptedInMemory(t, func(s *service) {
			streams(s, map[int]func(){
				1: func() { s.say(response("a", "are you still there?")...) },
				10: func() {
					s.say(`{"type":"input_audio_buffer.committed","item_id":"u1"}`)
					s.say(response("b", "to the turn")...)
				},
			})
		}), settings{"turn_detection": settings{"mode": "server_vad", "silence_duration": "200ms"}})
		reply := send(t, c, streamed(t, time.Second))
		if got := reply.Message.Text(); got != "to the turn" || !slices.Contains(reply.Warnings, "the service began to speak by itself") {
			t.Errorf("the reply is %q, %s (%s), warnings %q", got, reply.Finish, reply.Detail, reply.Warnings)
		}
	})
}

func TestAServiceThatSpeaksByItselfBetweenTurnsIsLeftForAnotherConnection(t *testing.T) {
	var connections atomic.Int32
	spoke := make(chan struct{})
	c := talkTo(t, scripted(t, func(s *service) {
		if connections.Add(1) > 1 {
			s.await("response.create")
			s.say(response("c", "two")...)
			return
		}
		s.await("response.create")
		s.say(response("a", "one")...)
		s.say(response("b", "are you still there?")[:1]...)
		_ = s.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		s.socket.SetPongHandler(func(string) error { close(spoke); return nil }) // it has heard all that came before
	}), nil)
	send(t, c, core.UserText("hello"))
	<-spoke
	if got := send(t, c, core.UserText("and now?")).Message.Text(); got != "two" || connections.Load() != 2 {
		t.Errorf("the next turn is answered with %q, on connection %d", got, connections.Load())
	}
}
