package responsestest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// turnPromises are about conversations.
func turnPromises() []promise {
	prompt := "You are a pirate."
	obeys := func(name, role, want string) promise {
		return promise{name: name, agent: Obey, config: map[string]any{"system_role": role}, verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: prompt})
			s.answered(c, core.UserText("one"), want)
			s.answered(c, core.UserText("two"), want)
		}}
	}
	return []promise{
		{name: "a conversation remembers its turns", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			s.ended(s.answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
			input := s.last()["input"].([]any)
			if said := string(encode(input[1])); len(input) != 3 || !strings.Contains(said, `"output_text"`) || !strings.Contains(said, `"msg_1"`) {
				s.Errorf("the input is %s", encode(input))
			}
		}},
		{name: "a conversation begins with its history", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{
				core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes?")}}},
			}})
			s.answered(c, core.UserText("two"), "one then two")
		}},
		obeys("the system prompt is the instructions", "instructions", prompt),
		obeys("it may be a message of the system", "system", "system: "+prompt),
		obeys("it may be a message of the developer", "developer", "developer: "+prompt),
		{name: "no system prompt is sent where there is none", agent: Obey, verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), core.UserText("one"), "no instructions")
		}},
		{name: "a turn may replace the system prompt from then on", agent: Obey, verify: func(s *stage) {
			c, other := s.talk(core.Start{SystemPrompt: prompt}), "You are a parrot."
			m := core.UserText("two")
			m.Delivery.SystemPrompt = &other
			s.answered(c, m, other)
			s.answered(c, core.UserText("three"), other)
		}},
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
	}
}

// recordPromises are about what is sent and recorded beside the conversation.
func recordPromises() []promise {
	return []promise{
		{name: "only the parameters that are named are sent, and nothing is stored", verify: func(s *stage) {
			s.reply("one")
			wanted := map[string]bool{"model": true, "input": true, "stream": s.stream, "store": true, "truncation": true, "include": true}
			for name := range s.last() {
				if !wanted[name] {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{name: "parameters that are named are sent as they are", config: map[string]any{
			"temperature": 0, "max_output_tokens": 99, "reasoning_effort": "low", "reasoning_summary": "auto", "verbosity": "low",
			"text_format": map[string]any{"type": "json_object"}, "parameters": map[string]any{"top_logprobs": 5},
		}, verify: func(s *stage) {
			s.reply("one")
			sent := s.last()
			got := string(encode([]any{sent["temperature"], sent["max_output_tokens"], sent["reasoning"], sent["text"], sent["top_logprobs"]}))
			if want := `[0,99,{"effort":"low","summary":"auto"},{"format":{"type":"json_object"},"verbosity":"low"},5]`; got != want {
				s.Errorf("sent is %s, want %s", got, want)
			}
		}},
		{name: "images are sent as data", verify: func(s *stage) {
			m := core.UserText("look")
			m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: []byte("PNG")}})
			s.say(s.talk(core.Start{}), m)
			if sent := string(encode(s.last()["input"])); !strings.Contains(sent, `"image_url":"data:image/png;base64,UE5H"`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "several texts are one, which a line break joins", verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.Part{Value: core.TextValue("two")})
			s.answered(s.talk(core.Start{}), m, "one\ntwo")
			if sent := string(encode(s.last()["input"])); sent != `[{"content":"one\ntwo","role":"user"}]` {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "text that JSON cannot carry is not changed, but refused", verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), core.UserText("\xff"))
			s.kind(err, core.ErrorInput, "UTF-8")
			if s.server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
	}
}

// usagePromises are about what is recorded beside a reply.
func usagePromises() []promise {
	return []promise{
		{name: "what a reply costs and how long it takes is recorded", verify: func(s *stage) {
			r := s.reply(all)
			if u := r.Usage; u.InputTokens != 4 || u.OutputTokens != 4 || u.CachedInputTokens != 1 || u.OutputReasoningTokens != 2 {
				s.Errorf("the usage is %+v", u)
			}
			if r.Timing.Total <= 0 || r.Timing.FirstEvent <= 0 || r.Timing.FirstEvent > r.Timing.Total {
				s.Errorf("the times are %+v", r.Timing)
			}
			if len(r.RateLimits) != 1 || r.RateLimits[0].Remaining != 499 {
				s.Errorf("the limits are %+v", r.RateLimits)
			}
		}},
		{name: "usage that is not given is unknown", faults: []string{"no-usage"}, verify: func(s *stage) {
			if u := s.reply(all).Usage; u != (core.Usage{}) {
				s.Errorf("the usage is %+v", u)
			}
		}},
	}
}
