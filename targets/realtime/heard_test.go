package realtime_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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

func TestAServiceThatDoesNotSayWhatItHeardThoughItWasAskedIsNotTakenToHaveHeard(t *testing.T) {
	for _, test := range []struct {
		name    string
		model   string
		message core.Message
		tell    func(s *service, id string)
		want    bool
	}{
		{"nothing comes", "ears", spoken(t, time.Second), func(*service, string) {}, true},
		{"it cannot transcribe", "ears", spoken(t, time.Second), func(s *service, id string) {
			s.say(`{"type":"conversation.item.input_audio_transcription.failed","item_id":"` + id + `","error":{"message":"busy"}}`)
		}, true},
		{"it says so", "ears", spoken(t, time.Second), func(s *service, id string) { s.say(heardEvent(id, "open")) }, false},
		{"it says that it heard nothing", "ears", spoken(t, time.Second), func(s *service, id string) { s.say(heardEvent(id, "")) }, false},
		{"it was not asked", "", spoken(t, time.Second), func(*service, string) {}, false},
		{"nothing was spoken", "ears", core.UserText("open"), func(*service, string) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				with := settings{}
				if test.model != "" {
					with["transcription_model"] = test.model
				}
				c := talkTo(t, scriptedInMemory(t, func(s *service) {
					id := itemIDOf(s.await("conversation.item.create"))
					s.await("response.create")
					s.say(response("r1", "yes")...)
					test.tell(s, id)
				}), with)
				if got := send(t, c, test.message).HeardMissing; got != test.want {
					t.Errorf("missing %v, want %v", got, test.want)
				}
			})
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
