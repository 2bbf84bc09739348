package realtimetest

import (
	"github.com/redteam-orchestrator/orchestrator/core"
)

// survivalPromises are about conversations that outlive their sockets.
func survivalPromises() []promise {
	return []promise{
		{
			name: "a conversation survives lost connections and the end of its session", agent: recollection(),
			faults: []string{"drop-after-reply@2", "short-session@3"}, verify: survives,
		},
		{name: "a turn that was not asked for is held again", agent: recollection(), faults: []string{"drop-on-item@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.answered(c, core.UserText("two"), "one then two")
			if got := s.server.Stats().Responses; got != 2 {
				s.Errorf("%d responses to 2 turns", got)
			}
		}},
		{name: "a reply that was asked for is never asked for again", faults: []string{"drop-mid-reply@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, four())
			s.fails(c, four(), core.ErrorUnavailable, "connection was lost")
			if got := s.server.Stats().Responses; got != 2 {
				s.Errorf("%d responses were asked for, want 2", got)
			}
		}},
		{name: "what cannot be better another time is not tried again", faults: []string{"drop-after-reply@1", "forbidden@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, four())
			s.fails(c, four(), core.ErrorAuth, "HTTP 403")
			if got := s.server.Stats().Connections; got != 2 {
				s.Errorf("%d connections were tried, want 2", got)
			}
		}},
		{name: "an overloaded service is tried again", agent: recollection(), faults: []string{"drop-after-reply@1", "connect-unavailable@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "what the assistant said is given back as text", agent: recollection(), faults: []string{"drop-after-reply@1"}, verify: givesBackAsText},
	}
}

// survives runs six turns. The socket is dropped after turns 2 and 4; the
// session that follows is about to expire after turn 5.
func survives(s *stage) {
	c := s.talk(core.Start{})
	said := ""
	for i, turn := range []string{"one", "two", "three", "four", "five", "six"} {
		if i > 0 {
			said += " then "
		}
		said += turn
		if reply := s.answered(c, core.UserText(turn), said); reply.Replayed != (i >= 2) {
			s.Errorf("turn %d: replayed %v", i+1, reply.Replayed)
		}
	}
	if got := s.server.Stats().Connections; got != 4 {
		s.Errorf("%d connections, want 4", got)
	}
}

// givesBackAsText checks that the assistant's replies are sent to the new
// session as text, before the next turn.
func givesBackAsText(s *stage) {
	c := s.talk(core.Start{})
	s.say(c, core.UserText("one"))
	s.say(c, core.UserText("two"))
	for _, event := range s.events("conversation.item.create") {
		item, _ := event["item"].(map[string]any)
		content, _ := item["content"].([]any)
		for _, part := range content {
			if part, _ := part.(map[string]any); item["role"] == "assistant" && part["type"] == "output_text" && event["previous_item_id"] != nil {
				return
			}
		}
	}
	s.Error("the reply was not given back, or not behind what it answers")
}
