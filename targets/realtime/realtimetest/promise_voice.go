package realtimetest

import (
	"context"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// detecting turns on the service's turn detection.
func detecting() map[string]any {
	return map[string]any{"turn_detection": map[string]any{"mode": "server_vad", "silence_duration": "200ms"}}
}

// streamed returns a tone that is sent in real time.
func (s *stage) streamed(length time.Duration) core.Message {
	s.Helper()
	m := s.tone(length, agentRate)
	m.Delivery.Stream = true
	return m
}

// talkative replies with several seconds of speech first, and then repeats what
// it heard.
func talkative() Agent {
	return ToneAgent{Reply: func(_ context.Context, _ string, items []Item) (string, error) {
		if len(items) == 1 {
			return "this answer goes on for more than four seconds", nil
		}
		return "you said " + items[len(items)-1].Text, nil
	}}
}

// voicePromises are about streamed speech and interruptions.
func voicePromises() []promise {
	over := func(name string, config map[string]any, faults []string, stream bool) promise {
		return promise{name: name, config: config, faults: faults, agent: talkative(), verify: func(s *stage) {
			interruption := core.UserText("stop")
			if stream {
				interruption = s.streamed(500 * time.Millisecond)
			}
			interruption.Delivery.InterruptAfter = 300 * time.Millisecond
			s.interrupted(interruption)
		}}
	}
	return []promise{
		{name: "speech is sent at its pace, and the campaign ends the turn", verify: func(s *stage) {
			before := time.Now()
			s.answered(s.talk(core.Start{}), s.streamed(500*time.Millisecond), "440 Hz for 500 ms")
			if took := time.Since(before); took < 400*time.Millisecond {
				s.Errorf("500 ms of speech took %s", took)
			}
		}},
		{name: "speech is sent at its pace, and the service ends the turn", config: detecting(), verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{}), s.streamed(500*time.Millisecond))
			s.ended(reply, core.FinishComplete)
			if got := reply.Message.Text(); !strings.HasPrefix(got, "440 Hz for ") {
				s.Errorf("answered with %q", got)
			}
			if got := len(s.events("response.create")); got != 0 {
				s.Errorf("the service was asked %d times to answer", got)
			}
		}},
		over("a reply that has come whole is spoken over", nil, nil, false),
		over("a reply that is being made is stopped", nil, []string{"slow-reply@1"}, true),
		over("a service that listens is spoken to while it speaks", detecting(), []string{"slow-reply@1"}, true),
	}
}

// interrupted runs an exchange in which the second message interrupts the reply
// to the first.
func (s *stage) interrupted(interruption core.Message) {
	s.Helper()
	c := s.talk(core.Start{})
	talk, ok := c.(core.Interruptible)
	if !ok {
		s.Fatal("its replies cannot be interrupted")
	}
	replies, err := talk.Exchange(s.Context(), []core.Message{core.UserText("tell me"), interruption})
	if err != nil {
		s.Fatal(err)
	}
	first, second := replies[0], replies[1]
	s.ended(first, core.FinishInterrupted)
	s.ended(second, core.FinishComplete)
	if first.Delivered < interruption.Delivery.InterruptAfter {
		s.Errorf("the first reply was spoken over after %s", first.Delivered)
	}
	truncated := s.events("conversation.item.truncate")
	if len(truncated) != 1 || truncated[0]["audio_end_ms"] != float64(first.Delivered.Milliseconds()) {
		s.Errorf("the service was told %v, and delivered were %s", truncated, first.Delivered)
	}
	undelivered := 0
	for _, p := range first.Message.Parts {
		if p.Undelivered {
			undelivered++
		}
	}
	if undelivered == 0 || undelivered == len(first.Message.Parts) {
		s.Errorf("%d of %d parts were not delivered", undelivered, len(first.Message.Parts))
	}
	if got := second.Message.Text(); !strings.HasPrefix(got, "you said ") {
		s.Errorf("the interruption is answered with %q", got)
	}
}
