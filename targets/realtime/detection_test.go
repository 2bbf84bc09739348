package realtime_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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
