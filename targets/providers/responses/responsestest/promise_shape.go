package responsestest

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// shapePromises are about forms of an answer that the protocol does not have.
func shapePromises() []promise {
	u := suite()
	tools := map[string]any{"tools": []any{Object{"name": "look_up"}, Object{"name": "dial"}}}
	return []promise{
		u.Ends("a message that is in progress is unconfirmed", "item-in-progress", core.FinishUnconfirmed, "in_progress", all),
		u.Ends("another word for a limit is one", "incomplete-max_tokens", core.FinishTruncated, "max_tokens", all),
		u.Ends("another word for a filter is one", "incomplete-SAFETY", core.FinishBlocked, "SAFETY", all),
		u.Ends("a refusal beside a text is one", "refusal-beside", core.FinishBlocked, "refusal", all+"\npolicy"),
		u.Ends("a text that is none is kept as it is", "text-object", core.FinishComplete, "", `{"value":"one"}`).Whole(),
		u.Ends("a count that is a float is one", "usage-floats", core.FinishTruncated, "16 tokens of the 16", all).With(map[string]any{"max_output_tokens": 16}),
		u.Ends("characters that were cut apart are put together", "split-characters", core.FinishComplete, "", "blue 🦊 grün").Streamed(),
		u.Ends("an end by another name is one", "response-done", core.FinishComplete, "", all).Streamed(),
		u.Breaks("an item that is an error is one", "error-item", core.ErrorUnavailable, "The engine has died.", all+" then more", nil),
		u.Breaks("so is an event", "response-error", core.ErrorUnavailable, "The engine has died.", "one two ", nil).Streamed(),
		{Name: "a service that refuses one value of include is asked without", Faults: []string{"no-include-item"}, Verify: func(s *stage) {
			s.Warned(s.Answered(s.Talk(core.Start{}), clienttest.Four(), all), "refuses to encrypt reasoning")
		}},
		{Name: "a service that refuses it all the same is asked no third time", Faults: []string{"no-include-ever"}, Verify: func(s *stage) {
			s.About(s.Fails(core.ErrorConfig, "no such value"), core.SubjectConfiguration)
			if got := s.Server.Turns(); got != 2 {
				s.Errorf("%d requests were sent, want 2", got)
			}
		}},
		{Name: "arguments that come in one piece alone are kept", Only: "stream", Faults: []string{"only-arguments-done@1"}, Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), `call_a look_up {"account":"7"}`, `call_b dial {"number": `)
			s.Answered(c, clienttest.Results("call_b", "busy", "call_a", "none"), "busy none done.")
		}},
	}
}
