package chattest

import (
	"github.com/redteam-orchestrator/orchestrator/core"
)

// turnPromises are about conversations.
func turnPromises() []promise {
	u := suite()
	prompt := "You are a pirate."
	return []promise{
		{Name: "a conversation remembers its turns", Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Answered(c, core.UserText("one"), "one")
			s.Ended(s.Answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
		}},
		{Name: "several texts of a turn are sent as one", Verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.UserText("two").Parts...)
			c := s.Talk(core.Start{History: []core.Message{m}})
			s.Answered(c, m, "one\ntwo")
			for i, sent := range s.Last()["messages"].([]any) {
				if content := sent.(map[string]any)["content"]; content != "one\ntwo" {
					s.Errorf("the content of message %d is %v", i+1, content)
				}
			}
		}},
		{Name: "several texts of a turn follow a system prompt that stands before them", Config: map[string]any{"system_role": "user"}, Verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.UserText("two").Parts...)
			s.Answered(s.Talk(core.Start{SystemPrompt: prompt}), m, prompt+"\n\none\ntwo")
		}},
		{Name: "the system prompt is the first message", Agent: Obey, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), prompt)
			s.Answered(c, core.UserText("two"), prompt)
		}},
		{Name: "no system prompt is sent where there is none", Agent: Obey, Verify: func(s *stage) {
			s.Answered(s.Talk(core.Start{}), core.UserText("one"), "no instructions")
		}},
		u.ReplacesPrompt(),
		{Name: "a developer's prompt has its role", Agent: Obey, Config: map[string]any{"system_role": "developer"}, Verify: func(s *stage) {
			s.Answered(s.Talk(core.Start{SystemPrompt: prompt}), core.UserText("one"), prompt)
			if role := s.Last()["messages"].([]any)[0].(map[string]any)["role"]; role != "developer" {
				s.Errorf("the role is %q", role)
			}
		}},
		{Name: "a system prompt may stand before the first message", Agent: Recall, Config: map[string]any{"system_role": "user"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), prompt+"\n\none")
			s.Answered(c, core.UserText("two"), prompt+"\n\none then two")
		}},
	}
}

// memoryPromises are about what a conversation remembers.
func memoryPromises() []promise {
	u := suite()
	return append(u.Remembers(), u.Forgets("server-error", "The server had an error"))
}

// parameterPromises are about what is sent beside the messages.
func parameterPromises() []promise {
	return []promise{
		{Name: "only the parameters that are named are sent", Verify: func(s *stage) {
			s.Reply("one")
			wanted := map[string]bool{"model": true, "messages": true, "stream": s.Stream, "stream_options": s.Stream}
			for name := range s.Last() {
				if !wanted[name] {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{Name: "parameters that are named are sent as they are", Config: map[string]any{
			"temperature": 0, "seed": 7, "max_tokens": 99, "stop": []any{"END"}, "parameters": map[string]any{"top_k": 5, "guided_json": map[string]any{"type": "object"}},
			"response_format": map[string]any{"type": "json_object"},
		}, Verify: func(s *stage) {
			s.Reply("one")
			sent := s.Last()
			for name, want := range map[string]any{"temperature": 0.0, "seed": 7.0, "max_tokens": 99.0, "top_k": 5.0} {
				if sent[name] != want {
					s.Errorf("%s is sent as %v, want %v", name, sent[name], want)
				}
			}
			if form, _ := sent["response_format"].(map[string]any); form["type"] != "json_object" {
				s.Errorf("response_format is sent as %v", sent["response_format"])
			}
		}},
		{Name: "the seed of the trial is sent only where it is asked for", Config: map[string]any{"seed_per_trial": true}, Verify: func(s *stage) {
			s.Say(s.Talk(core.Start{Seed: 1<<33 + 5}), core.UserText("one"))
			if got := s.Last()["seed"]; got != 5.0 {
				s.Errorf("the seed is sent as %v, want 5", got)
			}
		}},
		{Name: "a seed that meets another configuration is told", Config: map[string]any{"seed": 1}, Faults: []string{"fingerprint@2"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Warned(s.Say(c, core.UserText("one")))
			s.Warned(s.Say(c, core.UserText("two")), "system_fingerprint")
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that a text comes
// through unchanged.
func recordPromises() []promise {
	u := suite()
	return []promise{
		{Name: "text that JSON cannot carry is not changed, but refused", Verify: func(s *stage) {
			_, err := s.Talk(core.Start{}).Send(s.Context(), core.UserText("\xff"))
			s.Kind(err, core.ErrorInput, "UTF-8")
			if s.Server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{Name: "what a reply costs and how long it takes is recorded", Config: map[string]any{}, Verify: func(s *stage) {
			r := s.Reply(all)
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
		u.Carries(),
	}
}
