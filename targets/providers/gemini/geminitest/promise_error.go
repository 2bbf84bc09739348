package geminitest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// errorPromises are about answers that are none.
func errorPromises() []promise {
	u := suite()
	fails, waits := u.Fails, u.Waits
	return []promise{
		fails("quota", core.ErrorAuth, core.SubjectConfiguration, "RESOURCE_EXHAUSTED"),
		fails("quota-list", core.ErrorAuth, core.SubjectConfiguration, "RESOURCE_EXHAUSTED"),
		fails("quota-body", core.ErrorAuth, core.SubjectConfiguration, "Used up."),
		fails("exhausted", core.ErrorRateLimited, core.SubjectLimit, "RESOURCE_EXHAUSTED"),
		fails("forbidden", core.ErrorAuth, core.SubjectConfiguration, "PERMISSION_DENIED"),
		fails("not-found", core.ErrorConfig, core.SubjectConfiguration, "NOT_FOUND"),
		fails("location", core.ErrorConfig, core.SubjectConfiguration, "FAILED_PRECONDITION"),
		fails("too-long", core.ErrorInput, core.SubjectConfiguration, "token count (1200000)"),
		fails("unavailable", core.ErrorUnavailable, core.SubjectReachability, "overloaded"),
		fails("html", core.ErrorUnavailable, core.SubjectReachability, "HTTP 502"),
		fails("internal", core.ErrorUnavailable, core.SubjectAnswer, "INTERNAL"),
		fails("internal-list", core.ErrorUnavailable, core.SubjectAnswer, "INTERNAL"),
		fails("empty-body", core.ErrorProtocol, core.SubjectAnswer, "the answer is empty"),
		fails("null-body", core.ErrorProtocol, core.SubjectAnswer, "no candidates: null"),
		fails("empty-object", core.ErrorProtocol, core.SubjectAnswer, "no candidates: {}"),
		fails("empty-list", core.ErrorProtocol, core.SubjectAnswer, "no candidates: []"),
		fails("no-candidates", core.ErrorProtocol, core.SubjectAnswer, "no candidates"),
		fails("only-ratings", core.ErrorProtocol, core.SubjectAnswer, "no candidates"),
		fails("unspecified", core.ErrorProtocol, core.SubjectAnswer, "BLOCKED_REASON_UNSPECIFIED"),
		fails("html-200", core.ErrorProtocol, core.SubjectAnswer, "Please log in"),
		fails("not-json", core.ErrorProtocol, core.SubjectAnswer, "oops"),
		fails("error-body", core.ErrorUnavailable, core.SubjectAnswer, "overloaded"),
		fails("error-list", core.ErrorRateLimited, core.SubjectLimit, "Slow down"),
		fails("error-number", core.ErrorRateLimited, core.SubjectLimit, "Provider returned error"),
		fails("error-detail", core.ErrorUnavailable, core.SubjectAnswer, "Internal error"),
		fails("error-object", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-type", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-text", core.ErrorUnavailable, core.SubjectAnswer, "model is still loading"),
		fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "the stream has no candidates").Streamed(),
		waits("rate-limit", "37s", core.ErrorRateLimited),
		waits("busy", "2s", core.ErrorUnavailable),
	}
}

// hintPromises are about what an error says to do.
func hintPromises() []promise {
	hints := func(name, fault, want string) promise {
		return promise{Name: name, Faults: []string{fault}, Verify: func(s *stage) {
			_, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			if got := core.HintOf(err); got != want {
				s.Errorf("the hint is %q, want %q: %v", got, want, err)
			}
		}}
	}
	const usedUp, check = "the quota of the day is used up, or the account has none for this model", "check endpoint and model"
	wrongKey := hints("a wrong key says to check it", "limits", "check api_key")
	wrongKey.Faults, wrongKey.Config = nil, map[string]any{"api_key": "AIza-wrong-9876543210"}
	return []promise{
		wrongKey,
		hints("a key that may not do so says to check that it may", "forbidden", "check api_key, and that it may use this model"),
		hints("another invalid argument says nothing of the key", "bad-everywhere", check), hints("nor does a place", "location", check),
		hints("a quota of the day is used up", "quota", usedUp), hints("also among others, in a list", "quota-list", usedUp), hints("and in a success", "quota-body", usedUp),
		hints("a quota of the minute is not", "rate-limit", ""),
	}
}

// keyPromises are about errors that are at a key of the configuration.
func keyPromises() []promise {
	at := suite().NamesKey
	return []promise{
		at("a parameter that the service refuses is named", "bad-parameter", "top_k", "leave it out", map[string]any{"top_k": 5}),
		at("so is one in prose", "bad-in-prose", "parameters.generationConfig.logprobz", "leave it out", map[string]any{
			"parameters": map[string]any{"generationConfig": map[string]any{"logprobz": 2}},
		}),
		at("a parameter that was not given is not named", "bad-parameter", "", "check endpoint and model", nil),
		at("an error that names none has no key", "bad-everywhere", "", "check endpoint and model", map[string]any{"top_k": 5}),
		at("a model without a system instruction says what to set", "no-system", "system_role", "system_role: user", nil),
	}
}

// cutPromises are about answers that break off.
func cutPromises() []promise {
	u := suite()
	breaks, ends := u.Breaks, u.Ends
	quiet := map[string]any{"timeouts": map[string]any{"quiet": "1s"}}
	turn := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	const three = "one two three "
	return []promise{
		breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", three, nil).Streamed(),
		breaks("so is one whose end has no reason", "null-finish", core.ErrorUnavailable, "before the reply did", all+" then more", nil).Streamed(),
		breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", three+"fo", nil).Streamed(),
		breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", three, nil).Streamed(),
		breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("an error in a stream is an error, and what had come is kept", "stream-error", core.ErrorUnavailable, "overloaded", three, nil).Streamed(),
		breaks("an event that is a detail is an error", "detail-event", core.ErrorUnavailable, "Internal error", three, nil).Streamed(),
		breaks("so is an object that is an error", "object-event", core.ErrorUnavailable, "The engine has died.", three, nil).Streamed(),
		breaks("and what stands within errors", "bare-event", core.ErrorUnavailable, "UNAVAILABLE: The model", three, nil).Streamed(),
		breaks("so is an event of the name of errors", "named-event", core.ErrorUnavailable, "The model is overloaded.", three, nil).Streamed(),
		ends("a router's filter that ends the stream is a block", "router-event", core.FinishBlocked, "The input was flagged. (violence)", three).Streamed(),
		breaks("and one of that type", "type-event", core.ErrorUnavailable, "The engine has died.", three, nil).Streamed(),
		ends("a gateway's filter that ends the stream is a block", "filter-event", core.FinishBlocked, "ContentPolicyViolationError", three).Streamed(),
		promise{Name: "what a model thought before its reply broke off is kept", Faults: []string{"thought-error"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), core.UserText(all))
			s.Kind(err, core.ErrorUnavailable, "overloaded")
			s.Ended(r, core.FinishBroken, "")
			if got := s.Thoughts(r); got != "they want the " {
				s.Errorf("the target thinks %q", got)
			}
		}}.Streamed(),
		breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", three, nil).Streamed(),
		breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", three, quiet).Streamed(),
		breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", "one two ", turn).Whole(),
		breaks("a list of events that ends too early is a cut", "cut-list", core.ErrorUnavailable, "cut off", "one ", nil).Streamed(),
		breaks("a list that ends too early is a cut", "cut-list", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("a part that is none is the service's fault", "broken-part", core.ErrorProtocol, "a part of the reply cannot be read", all+" then more", nil),
		ends("a stream that keeps coming is not cut off", "slow", core.FinishComplete, "", all).With(quiet).Streamed(),
		u.TimesOut("timeouts.turn"),
		u.GivesUp(),
	}
}

// networkPromises are about the way to the service.
func networkPromises() []promise {
	u := suite()
	return []promise{
		{Name: "the key is in a header, and never in an address", Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0]; got.Header.Get("X-Goog-Api-Key") != stageKey || got.Header.Get("Authorization") != "" || strings.Contains(got.URL, stageKey) || strings.Contains(got.URL, "key=") {
				s.Errorf("sent to %s with %v", got.URL, got.Header)
			}
		}},
		{Name: "an access token is a bearer's", Config: map[string]any{"api_key": "", "access_token": stageKey}, Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0]; got.Header.Get("Authorization") != "Bearer "+stageKey || got.Header.Get("X-Goog-Api-Key") != "" {
				s.Errorf("sent to %s with %v", got.URL, got.Header)
			}
		}},
		u.HidesKey("AIza-wrong-9876543210", "API_KEY_INVALID"),
		{Name: "further headers are sent, and nothing about the machine", Config: map[string]any{"headers": map[string]any{"X-Goog-User-Project": "p1"}}, Verify: func(s *stage) {
			s.Reply("one")
			if s.Sent()[0].Header.Get("X-Goog-User-Project") != "p1" {
				s.Error("the header is missing")
			}
			if client := s.Sent()[0].Header.Get("X-Goog-Api-Client"); client != "" {
				s.Errorf("X-Goog-Api-Client is sent: %s", client)
			}
		}},
		u.StaysHome(),
	}
}
