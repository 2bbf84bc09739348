package realtimetest

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// connectPromises are about connecting.
func connectPromises() []promise {
	return []promise{
		{name: "the retired beta is never asked for, and its error refuses the connection", faults: []string{"beta-shape"}, verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorUnsupported, "beta_api_shape_disabled")
		}},
		{name: "an error before the session refuses the connection", faults: []string{"session-rejected"}, verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorConfig, "none today")
		}},
		{name: "a service that opens no session is a timeout", faults: []string{"no-session"}, config: within("connect"), verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorTimeout, "connecting")
		}},
		{name: "the session's settings are waited for", faults: []string{"session-ignored"}, config: within("session"), verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorTimeout, "setting the session up")
		}},
		{name: "a refused handshake is told by its status", faults: []string{"forbidden"}, verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorAuth, "HTTP 403")
		}},
		{name: "a model that is not there is the configuration's fault", faults: []string{"not-found"}, verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorConfig, "model_not_found")
		}},
		{name: "a service that is busy says when to come back", faults: []string{"connect-rate-limit"}, verify: func(s *stage) {
			err := s.refused()
			s.kind(err, core.ErrorRateLimited, "HTTP 429")
			s.after(err, "2s")
			s.about(err, core.SubjectLimit)
		}},
		{name: "no credit left is not a busy service", faults: []string{"connect-quota"}, verify: func(s *stage) {
			s.kind(s.refused(), core.ErrorAuth, "insufficient_quota")
		}},
		{name: "an overloaded service is unavailable", faults: []string{"connect-unavailable"}, verify: func(s *stage) {
			err := s.refused()
			s.kind(err, core.ErrorUnavailable, "HTTP 503")
			s.about(err, core.SubjectReachability)
		}},
		{name: "a service that is being deployed says when to come back", faults: []string{"connect-busy"}, verify: func(s *stage) {
			err := s.refused()
			s.kind(err, core.ErrorUnavailable, "HTTP 503")
			s.after(err, "2s")
			s.about(err, core.SubjectLimit)
		}},
		{name: "a service that opens no session cannot be reached", faults: []string{"no-session"}, config: within("connect"), verify: func(s *stage) {
			err := s.refused()
			s.kind(err, core.ErrorTimeout, "50ms")
			s.about(err, core.SubjectReachability)
		}},
		{name: "a short-lived key is asked for before each connection", config: map[string]any{"ephemeral_key": true}, verify: func(s *stage) {
			s.say(s.talk(core.Start{}), core.UserText("one"))
			s.say(s.talk(core.Start{}), core.UserText("two"))
			if got := s.server.Stats().Secrets; got != 2 {
				s.Errorf("%d keys for 2 connections", got)
			}
		}},
	}
}

// settingPromises are about session settings.
func settingPromises() []promise {
	return []promise{
		{name: "turn detection, noise reduction and truncation are off in so many words", verify: func(s *stage) {
			s.talk(core.Start{})
			session, _ := s.events("session.update")[0]["session"].(map[string]any)
			audio, _ := session["audio"].(map[string]any)
			input, _ := audio["input"].(map[string]any)
			for _, key := range []string{"turn_detection", "noise_reduction"} {
				if value, said := input[key]; !said || value != nil {
					s.Errorf("%s is %v (said: %v), want null", key, value, said)
				}
			}
			if session["type"] != "realtime" || session["truncation"] != "disabled" {
				s.Errorf("type %v, truncation %v", session["type"], session["truncation"])
			}
		}},
		{name: "settings that the service changes are warned of", faults: []string{"session-altered"}, config: map[string]any{"voice": "marin"}, verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{SystemPrompt: "Be brief."}), core.UserText("hello"))
			for _, setting := range []string{"system prompt", "voice", "modalities"} {
				s.warned(reply, setting)
			}
		}},
		{name: "ids are short enough for the protocol", verify: func(s *stage) {
			c := s.talk(core.Start{})
			for i := range 3 {
				s.say(c, core.UserText(fmt.Sprint("turn ", i)))
			}
			for _, event := range s.events("conversation.item.create") {
				item, _ := event["item"].(map[string]any)
				if id, _ := item["id"].(string); id == "" || len(id) > 32 {
					s.Errorf("an item has the id %q", id)
				}
			}
		}},
		{name: "a history is given to the service", agent: recollection(), verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{
				core.UserText("one"), {Role: core.Assistant, Parts: core.UserText("indeed").Parts}, core.UserText("two"),
			}})
			s.answered(c, core.UserText("three"), "one then two then three")
		}},
		{name: "the system prompt reaches the service, and can be changed", agent: obedience(), verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: "first"})
			s.answered(c, core.UserText("who?"), "first")
			m, second := core.UserText("and now?"), "second"
			m.Delivery.SystemPrompt = &second
			s.answered(c, m, "second")
		}},
	}
}

// within sets a short timeout for events that never arrive.
func within(timeouts ...string) map[string]any {
	short := map[string]any{"cancel": "50ms"}
	for _, name := range timeouts {
		short[name] = "50ms"
	}
	return map[string]any{"timeouts": short}
}
