package geminitest

import (
	"strings"

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
			if sent := string(encode(s.Last()["contents"])); !strings.Contains(sent, `{"parts":[{"text":"one"}],"role":"model"}`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "the system prompt is the system instruction", Agent: Obey, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), prompt)
			s.Answered(c, core.UserText("two"), prompt)
		}},
		{Name: "no system prompt is sent where there is none", Agent: Obey, Verify: func(s *stage) {
			s.Answered(s.Talk(core.Start{}), core.UserText("one"), "no instructions")
		}},
		u.ReplacesPrompt(),
		{Name: "a system prompt may be a first message", Agent: Recall, Config: map[string]any{"system_role": "user"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), prompt+" then one")
			s.Answered(c, core.UserText("two"), prompt+" then one then two")
		}},
		{Name: "a system message within a history is refused", Verify: func(s *stage) {
			_, err := s.Target.StartConversation(s.Context(), core.Start{History: []core.Message{{Role: core.System, Parts: core.UserText("x").Parts}}})
			s.Kind(err, core.ErrorUnsupported, "system message")
		}},
	}
}

// memoryPromises are about what a conversation remembers.
func memoryPromises() []promise {
	u := suite()
	return append(u.Remembers(), u.Forgets("internal", "An internal error"), u.ForgetsEmpty("empty-stop", ""))
}

// parameterPromises are about what is sent beside the messages.
func parameterPromises() []promise {
	return []promise{
		{Name: "only the parameters that are named are sent", Verify: func(s *stage) {
			s.Reply("one")
			for name := range s.Last() {
				if name != "contents" {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{Name: "parameters that are named are sent as they are", Config: map[string]any{
			"temperature": 0.7, "seed": 7, "max_output_tokens": 99, "stop_sequences": []any{"END"}, "top_k": 5,
			"parameters":      map[string]any{"labels": map[string]any{"team": "red"}, "generationConfig": map[string]any{"logprobs": 2}},
			"safety_settings": map[string]any{"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}, "thinking": map[string]any{"budget": 0, "include": true},
		}, Verify: func(s *stage) {
			s.Reply("one")
			sent := s.Last()
			delete(sent, "contents")
			want := `{"generationConfig":{"logprobs":2,"maxOutputTokens":99,"seed":7,"stopSequences":["END"],"temperature":0.7,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":0},"topK":5},` +
				`"labels":{"team":"red"},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}`
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
		}},
		{Name: "the seed of the trial is sent only where it is asked for", Config: map[string]any{"seed_per_trial": true}, Verify: func(s *stage) {
			s.Say(s.Talk(core.Start{Seed: 1<<33 + 5}), core.UserText("one"))
			if got := string(encode(s.Last()["generationConfig"])); got != `{"seed":5}` {
				s.Errorf("sent was %s", got)
			}
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that a text comes
// through unchanged.
func recordPromises() []promise {
	return []promise{
		{Name: "text that JSON cannot carry is not changed, but refused", Verify: func(s *stage) {
			for _, m := range []core.Message{core.UserText("\xff"), core.UserText("")} {
				_, err := s.Talk(core.Start{}).Send(s.Context(), m)
				s.Kind(err, core.ErrorInput, "")
			}
			if s.Server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{Name: "what a reply costs and how long it takes is recorded", Faults: []string{"thinks"}, Verify: func(s *stage) {
			r := s.Reply(all)
			want := core.Usage{InputTokens: 6, OutputTokens: 8, CachedInputTokens: 1, InputTextTokens: 4, OutputTextTokens: 4, OutputReasoningTokens: 4}
			if r.Usage != want {
				s.Errorf("the usage is %+v, want %+v", r.Usage, want)
			}
			if r.Timing.Total <= 0 || r.Timing.FirstEvent <= 0 || r.Timing.FirstEvent > r.Timing.Total {
				s.Errorf("the times are %+v", r.Timing)
			}
		}},
		suite().Carries(),
	}
}
