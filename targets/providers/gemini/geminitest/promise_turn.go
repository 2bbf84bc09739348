package geminitest

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
			if sent := string(encode(s.last()["contents"])); !strings.Contains(sent, `{"parts":[{"text":"one"}],"role":"model"}`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "a conversation begins with its history", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{
				core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes?")}}},
			}})
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "the system prompt is the system instruction", agent: Obey, verify: func(s *stage) {
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
		{name: "a system prompt may be a first message", agent: Recall, config: map[string]any{"system_role": "user"}, verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: prompt})
			s.answered(c, core.UserText("one"), prompt+" then one")
			s.answered(c, core.UserText("two"), prompt+" then one then two")
		}},
		{name: "a system message within a history is refused", verify: func(s *stage) {
			_, err := s.target.StartConversation(s.Context(), core.Start{History: []core.Message{{Role: core.System, Parts: core.UserText("x").Parts}}})
			s.kind(err, core.ErrorUnsupported, "system message")
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
		{name: "a turn that failed is not remembered", agent: Recall, faults: []string{"internal@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			_, err := c.Send(s.Context(), core.UserText("two"))
			s.kind(err, core.ErrorUnavailable, "An internal error")
			s.answered(c, core.UserText("three"), "one then three")
		}},
		{name: "a turn with an empty answer is not remembered", agent: Recall, faults: []string{"empty-stop@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			s.answered(c, core.UserText("two"), "")
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
			for name := range s.last() {
				if name != "contents" {
					s.Errorf("%s is sent, and was not named", name)
				}
			}
		}},
		{name: "parameters that are named are sent as they are", config: map[string]any{
			"temperature": 0.7, "seed": 7, "max_output_tokens": 99, "stop_sequences": []any{"END"}, "top_k": 5,
			"parameters":      map[string]any{"labels": map[string]any{"team": "red"}, "generationConfig": map[string]any{"logprobs": 2}},
			"safety_settings": map[string]any{"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}, "thinking": map[string]any{"budget": 0, "include": true},
		}, verify: func(s *stage) {
			s.reply("one")
			sent := s.last()
			delete(sent, "contents")
			want := `{"generationConfig":{"logprobs":2,"maxOutputTokens":99,"seed":7,"stopSequences":["END"],"temperature":0.7,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":0},"topK":5},` +
				`"labels":{"team":"red"},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}`
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
		}},
		{name: "the seed of the trial is sent only where it is asked for", config: map[string]any{"seed_per_trial": true}, verify: func(s *stage) {
			s.say(s.talk(core.Start{Seed: 1<<33 + 5}), core.UserText("one"))
			if got := string(encode(s.last()["generationConfig"])); got != `{"seed":5}` {
				s.Errorf("sent was %s", got)
			}
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that a text comes
// through unchanged.
func recordPromises() []promise {
	return []promise{
		{name: "text that JSON cannot carry is not changed, but refused", verify: func(s *stage) {
			for _, m := range []core.Message{core.UserText("\xff"), core.UserText("")} {
				_, err := s.talk(core.Start{}).Send(s.Context(), m)
				s.kind(err, core.ErrorInput, "")
			}
			if s.server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{name: "what a reply costs and how long it takes is recorded", faults: []string{"thinks"}, verify: func(s *stage) {
			r := s.reply(all)
			want := core.Usage{InputTokens: 6, OutputTokens: 8, CachedInputTokens: 1, InputTextTokens: 4, OutputTextTokens: 4, OutputReasoningTokens: 4}
			if r.Usage != want {
				s.Errorf("the usage is %+v, want %+v", r.Usage, want)
			}
			if r.Timing.Total <= 0 || r.Timing.FirstEvent <= 0 || r.Timing.FirstEvent > r.Timing.Total {
				s.Errorf("the times are %+v", r.Timing)
			}
		}},
		{name: "a long text comes through whole", verify: func(s *stage) {
			long := strings.TrimSpace(strings.Repeat("Ünïcödé 漢字 <&> \" \\ \u2028 ", 500)) + "."
			s.ended(s.answered(s.talk(core.Start{}), core.UserText(long), long), core.FinishComplete, "")
		}},
	}
}
