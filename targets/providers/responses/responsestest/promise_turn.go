package responsestest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// turnPromises are about conversations.
func turnPromises() []promise {
	u := suite()
	prompt := "You are a pirate."
	obeys := func(name, role, want string) promise {
		return promise{Name: name, Agent: Obey, Config: map[string]any{"system_role": role}, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), want)
			s.Answered(c, core.UserText("two"), want)
		}}
	}
	return []promise{
		{Name: "a conversation remembers its turns", Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Answered(c, core.UserText("one"), "one")
			s.Ended(s.Answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
			input := s.Last()["input"].([]any)
			if said := string(encode(input[1])); len(input) != 3 || !strings.Contains(said, `"output_text"`) || !strings.Contains(said, `"msg_1"`) {
				s.Errorf("the input is %s", encode(input))
			}
		}},
		obeys("the system prompt is the instructions", "instructions", prompt),
		obeys("it may be a message of the system", "system", "system: "+prompt),
		obeys("it may be a message of the developer", "developer", "developer: "+prompt),
		{Name: "no system prompt is sent where there is none", Agent: Obey, Verify: func(s *stage) {
			s.Answered(s.Talk(core.Start{}), core.UserText("one"), "no instructions")
		}},
		u.ReplacesPrompt(),
		u.Forgets("server-error", "The server had an error"),
	}
}

// recordPromises are about what is sent and recorded beside the conversation.
func recordPromises() []promise {
	return []promise{
		{Name: "only the parameters that are named are sent, and nothing is stored", Verify: func(s *stage) {
			s.Reply("one")
			wanted := map[string]bool{"model": true, "input": true, "stream": s.Stream, "store": true, "truncation": true, "include": true}
			for name := range s.Last() {
				if !wanted[name] {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{Name: "parameters that are named are sent as they are", Config: map[string]any{
			"temperature": 0, "max_output_tokens": 99, "reasoning_effort": "low", "reasoning_summary": "auto", "verbosity": "low",
			"text_format": map[string]any{"type": "json_object"}, "parameters": map[string]any{"top_logprobs": 5},
		}, Verify: func(s *stage) {
			s.Reply("one")
			sent := s.Last()
			got := string(encode([]any{sent["temperature"], sent["max_output_tokens"], sent["reasoning"], sent["text"], sent["top_logprobs"]}))
			if want := `[0,99,{"effort":"low","summary":"auto"},{"format":{"type":"json_object"},"verbosity":"low"},5]`; got != want {
				s.Errorf("sent is %s, want %s", got, want)
			}
		}},
		{Name: "images are sent as data", Verify: func(s *stage) {
			m := core.UserText("look")
			m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: []byte("PNG")}})
			s.Say(s.Talk(core.Start{}), m)
			if sent := string(encode(s.Last()["input"])); !strings.Contains(sent, `"image_url":"data:image/png;base64,UE5H"`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "several texts are one, which a line break joins", Verify: func(s *stage) {
			m := core.UserText("one")
			m.Parts = append(m.Parts, core.Part{Value: core.TextValue("two")})
			s.Answered(s.Talk(core.Start{}), m, "one\ntwo")
			if sent := string(encode(s.Last()["input"])); sent != `[{"content":"one\ntwo","role":"user"}]` {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "text that JSON cannot carry is not changed, but refused", Verify: func(s *stage) {
			_, err := s.Talk(core.Start{}).Send(s.Context(), core.UserText("\xff"))
			s.Kind(err, core.ErrorInput, "UTF-8")
			if s.Server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
	}
}

// usagePromises are about what is recorded beside a reply.
func usagePromises() []promise {
	return []promise{
		{Name: "what a reply costs and how long it takes is recorded", Verify: func(s *stage) {
			r := s.Reply(all)
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
		{Name: "usage that is not given is unknown", Faults: []string{"no-usage"}, Verify: func(s *stage) {
			if u := s.Reply(all).Usage; u != (core.Usage{}) {
				s.Errorf("the usage is %+v", u)
			}
		}},
	}
}
