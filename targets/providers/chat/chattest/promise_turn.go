package chattest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// turnPromises are about conversations.
func turnPromises() []promise {
	prompt := "You are a pirate."
	return []promise{
		{name: "a conversation remembers its turns", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			s.ended(s.answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
		}},
		{name: "several texts of a turn are sent as one", verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.UserText("two").Parts...)
			c := s.talk(core.Start{History: []core.Message{m}})
			s.answered(c, m, "one\ntwo")
			for i, sent := range s.last()["messages"].([]any) {
				if content := sent.(map[string]any)["content"]; content != "one\ntwo" {
					s.Errorf("the content of message %d is %v", i+1, content)
				}
			}
		}},
		{name: "several texts of a turn follow a system prompt that stands before them", config: map[string]any{"system_role": "user"}, verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.UserText("two").Parts...)
			s.answered(s.talk(core.Start{SystemPrompt: prompt}), m, prompt+"\n\none\ntwo")
		}},
		{name: "a conversation begins with its history", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{
				core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes?")}}},
			}})
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "the system prompt is the first message", agent: Obey, verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: prompt})
			s.answered(c, core.UserText("one"), prompt)
			s.answered(c, core.UserText("two"), prompt)
		}},
		{name: "no system prompt is sent where there is none", agent: Obey, verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), core.UserText("one"), "no instructions")
		}},
		{name: "a turn may replace the system prompt from then on", agent: Obey, verify: func(s *stage) {
			c, other := s.talk(core.Start{SystemPrompt: prompt}), "You are a parrot."
			s.answered(c, core.UserText("one"), prompt)
			m := core.UserText("two")
			m.Delivery.SystemPrompt = &other
			s.answered(c, m, other)
			s.answered(c, core.UserText("three"), other)
		}},
		{name: "a developer's prompt has its role", agent: Obey, config: map[string]any{"system_role": "developer"}, verify: func(s *stage) {
			s.answered(s.talk(core.Start{SystemPrompt: prompt}), core.UserText("one"), prompt)
			if role := s.last()["messages"].([]any)[0].(map[string]any)["role"]; role != "developer" {
				s.Errorf("the role is %q", role)
			}
		}},
		{name: "a system prompt may stand before the first message", agent: Recall, config: map[string]any{"system_role": "user"}, verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: prompt})
			s.answered(c, core.UserText("one"), prompt+"\n\none")
			s.answered(c, core.UserText("two"), prompt+"\n\none then two")
		}},
	}
}

// memoryPromises are about what a conversation remembers.
func memoryPromises() []promise {
	return []promise{
		{name: "a turn out of band leaves no trace", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			m := core.UserText("aside")
			m.Delivery.OutOfBand = true
			s.answered(c, m, "one then aside")
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "a turn that failed is not remembered", agent: Recall, faults: []string{"server-error@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			_, err := c.Send(s.Context(), core.UserText("two"))
			s.kind(err, core.ErrorUnavailable, "The server had an error")
			s.answered(c, core.UserText("three"), "one then three")
		}},
		{name: "conversations do not know each other", agent: Recall, verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), core.UserText("one"), "one")
			s.answered(s.talk(core.Start{}), core.UserText("two"), "two")
		}},
	}
}

// parameterPromises are about what is sent beside the messages.
func parameterPromises() []promise {
	return []promise{
		{name: "only the parameters that are named are sent", verify: func(s *stage) {
			s.reply("one")
			wanted := map[string]bool{"model": true, "messages": true, "stream": s.stream, "stream_options": s.stream}
			for name := range s.last() {
				if !wanted[name] {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{name: "parameters that are named are sent as they are", config: map[string]any{
			"temperature": 0, "seed": 7, "max_tokens": 99, "stop": []any{"END"}, "parameters": map[string]any{"top_k": 5, "guided_json": map[string]any{"type": "object"}},
			"response_format": map[string]any{"type": "json_object"},
		}, verify: func(s *stage) {
			s.reply("one")
			sent := s.last()
			for name, want := range map[string]any{"temperature": 0.0, "seed": 7.0, "max_tokens": 99.0, "top_k": 5.0} {
				if sent[name] != want {
					s.Errorf("%s is sent as %v, want %v", name, sent[name], want)
				}
			}
			if form, _ := sent["response_format"].(map[string]any); form["type"] != "json_object" {
				s.Errorf("response_format is sent as %v", sent["response_format"])
			}
		}},
		{name: "the seed of the trial is sent only where it is asked for", config: map[string]any{"seed_per_trial": true}, verify: func(s *stage) {
			s.say(s.talk(core.Start{Seed: 1<<33 + 5}), core.UserText("one"))
			if got := s.last()["seed"]; got != 5.0 {
				s.Errorf("the seed is sent as %v, want 5", got)
			}
		}},
		{name: "a seed that meets another configuration is told", config: map[string]any{"seed": 1}, faults: []string{"fingerprint@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.warned(s.say(c, core.UserText("one")))
			s.warned(s.say(c, core.UserText("two")), "system_fingerprint")
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that a text comes
// through unchanged.
func recordPromises() []promise {
	return []promise{
		{name: "text that JSON cannot carry is not changed, but refused", verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), core.UserText("\xff"))
			s.kind(err, core.ErrorInput, "UTF-8")
			if s.server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{name: "what a reply costs and how long it takes is recorded", config: map[string]any{}, verify: func(s *stage) {
			r := s.reply(all)
			if u := r.Usage; u.InputTokens != 4 || u.OutputTokens != 4 || u.CachedInputTokens != 1 {
				s.Errorf("the usage is %+v", u)
			}
			if r.Timing.Total <= 0 || r.Timing.FirstEvent <= 0 || r.Timing.FirstEvent > r.Timing.Total {
				s.Errorf("the times are %+v", r.Timing)
			}
			if len(r.RateLimits) != 2 || r.RateLimits[1].Name != "tokens" || r.RateLimits[1].Remaining != 29000 || r.RateLimits[1].Reset.String() != "6m0s" {
				s.Errorf("the limits are %+v", r.RateLimits)
			}
		}},
		{name: "a long text comes through whole", verify: func(s *stage) {
			long := strings.TrimSpace(strings.Repeat("Ünïcödé 漢字 <&> \" \\ \u2028 ", 500)) + "."
			s.ended(s.answered(s.talk(core.Start{}), core.UserText(long), long), core.FinishComplete, "")
		}},
	}
}
