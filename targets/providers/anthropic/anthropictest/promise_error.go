package anthropictest

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// errorPromises are about answers that are none.
func errorPromises() []promise {
	u := suite()
	fails, waits := u.Fails, u.Waits
	return []promise{
		fails("overloaded", core.ErrorUnavailable, core.SubjectReachability, "HTTP 529 (Overloaded)"),
		fails("internal", core.ErrorUnavailable, core.SubjectAnswer, "api_error"),
		fails("timeout", core.ErrorUnavailable, core.SubjectReachability, "timeout_error"),
		fails("html", core.ErrorUnavailable, core.SubjectReachability, "HTTP 502"),
		fails("too-large", core.ErrorInput, core.SubjectConfiguration, "request_too_large"),
		fails("too-long", core.ErrorInput, core.SubjectConfiguration, "prompt is too long"),
		fails("bad-message", core.ErrorInput, core.SubjectConfiguration, "the image is broken"),
		fails("bad", core.ErrorConfig, core.SubjectConfiguration, "invalid_request_error"),
		fails("forbidden", core.ErrorAuth, core.SubjectConfiguration, "permission_error"),
		fails("billing", core.ErrorAuth, core.SubjectConfiguration, "billing_error"),
		fails("no-credit", core.ErrorAuth, core.SubjectConfiguration, "credit balance"),
		fails("not-found", core.ErrorConfig, core.SubjectConfiguration, "not_found_error"),
		fails("empty-body", core.ErrorProtocol, core.SubjectAnswer, "the answer is empty"),
		fails("null-body", core.ErrorProtocol, core.SubjectAnswer, "not a message: null"),
		fails("empty-object", core.ErrorProtocol, core.SubjectAnswer, "not a message: {}"),
		fails("html-200", core.ErrorProtocol, core.SubjectAnswer, "Please log in"),
		fails("not-json", core.ErrorProtocol, core.SubjectAnswer, "oops"),
		fails("error-body", core.ErrorUnavailable, core.SubjectAnswer, "overloaded_error"),
		fails("error-text", core.ErrorUnavailable, core.SubjectAnswer, "model is still loading"),
		fails("error-detail", core.ErrorUnavailable, core.SubjectAnswer, "Internal error"),
		fails("error-object", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("no-error", core.ErrorUnavailable, core.SubjectAnswer, "the reply failed"),
		fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "the stream has no message").Streamed(),
		fails("stream-stop", core.ErrorProtocol, core.SubjectAnswer, "the stream has no message").Streamed(),
		waits("rate-limit", "37s", core.ErrorRateLimited),
		waits("limit-until", "30s", core.ErrorRateLimited),
		waits("limit-for-long", "10m0s", core.ErrorRateLimited),
	}
}

// keyPromises are about errors that are at a key of the configuration.
func keyPromises() []promise {
	at := suite().NamesKey
	return []promise{
		at("a parameter that the service refuses is named", "bad-parameter", "top_k", "leave it out", map[string]any{"top_k": 5}),
		at("so is one in prose", "bad-in-prose", "temperature", "leave it out", map[string]any{"temperature": 0.5}),
		at("and a further one", "bad-parameter", "parameters.top_k", "leave it out", map[string]any{"parameters": map[string]any{"top_k": 5}}),
		at("a parameter that was not given is not named", "bad-parameter", "", "check endpoint and model", nil),
		at("an error that names none has no key", "bad", "", "check endpoint and model", map[string]any{"top_k": 5}),
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
		breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "no message_stop", three, nil).Streamed(),
		breaks("so is one without its last mark", "no-stop", core.ErrorUnavailable, "no message_stop", all+" then more", nil).Streamed(),
		breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", three+"fo", nil).Streamed(),
		breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", half, nil).Whole(),
		breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", three, nil).Streamed(),
		breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", half, nil).Whole(),
		breaks("an error in a stream is an error, and what had come is kept", "overload-event", core.ErrorUnavailable, "Overloaded", three, nil).Streamed(),
		breaks("an event that is a detail is an error", "detail-event", core.ErrorUnavailable, "Internal error", three, nil).Streamed(),
		breaks("an event of the name of errors is one", "named-event", core.ErrorUnavailable, "Overloaded", three, nil).Streamed(),
		breaks("so is one of an error's type", "typed-event", core.ErrorUnavailable, "overloaded_error", three, nil).Streamed(),
		breaks("and what stands within errors", "bare-event", core.ErrorUnavailable, "UNAVAILABLE: Overloaded", three, nil).Streamed(),
		breaks("so is an object that is an error", "object-event", core.ErrorUnavailable, "The engine has died.", three, nil).Streamed(),
		promise{Name: "what a model thought before its reply broke off is kept", Faults: []string{"thought-error"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorUnavailable, "Overloaded")
			s.Ended(r, core.FinishBroken, "")
			if got := s.Thoughts(r); got != "they want the code" {
				s.Errorf("the target thinks %q", got)
			}
		}}.Streamed(),
		breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", three, nil).Streamed(),
		breaks("a piece of no block is the service's fault", "orphan", core.ErrorProtocol, "belongs to no block", three, nil).Streamed(),
		breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", three, quiet).Streamed(),
		breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", half, turn).Whole(),
		breaks("a block that is none is the service's fault", "broken-block", core.ErrorProtocol, "a block of the reply cannot be read", all+" then more", nil),
		promise{Name: "a limit that is reached in a stream is one", Faults: []string{"limit-event"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorRateLimited, "Slow down")
			s.About(err, core.SubjectLimit)
			s.Ended(r, core.FinishBroken, "")
		}}.Streamed(),
		ends("a stream that keeps coming is not cut off", "slow", core.FinishComplete, "", all).With(quiet).Streamed(),
		u.TimesOut("timeouts.turn"),
		u.GivesUp(),
	}
}

// networkPromises are about the way to the service.
func networkPromises() []promise {
	u := suite()
	return []promise{
		{Name: "an API key is in a header of its own", Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0]; got.Header.Get("X-Api-Key") != stageKey || got.Header.Get("Authorization") != "" || got.URL != "/v1/messages" {
				s.Errorf("sent to %s with %v", got.URL, got.Header)
			}
		}},
		{Name: "an access token is a bearer's", Config: map[string]any{"api_key": "", "access_token": stageKey}, Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0]; got.Header.Get("Authorization") != "Bearer "+stageKey || got.Header.Get("X-Api-Key") != "" {
				s.Errorf("sent with %v", got.Header)
			}
		}},
		u.HidesKey("sk-ant-wrong-9876543210", "authentication_error"),
		u.StaysHome(),
	}
}
