package chattest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// errorPromises are about answers that are none.
func errorPromises() []promise {
	u := suite()
	fails, waits, at := u.Fails, u.Waits, u.NamesKey
	return []promise{
		fails("quota", core.ErrorAuth, core.SubjectConfiguration, "insufficient_quota"),
		fails("forbidden", core.ErrorAuth, core.SubjectConfiguration, "access_denied"),
		fails("not-found", core.ErrorConfig, core.SubjectConfiguration, "model_not_found"),
		fails("too-long", core.ErrorInput, core.SubjectConfiguration, "context_length_exceeded"),
		fails("unavailable", core.ErrorUnavailable, core.SubjectReachability, "overloaded"),
		fails("html", core.ErrorUnavailable, core.SubjectReachability, "HTTP 502"),
		fails("server-error", core.ErrorUnavailable, core.SubjectAnswer, "server_error"),
		fails("redirect", core.ErrorConfig, core.SubjectConfiguration, "HTTP 307"),
		fails("empty-body", core.ErrorProtocol, core.SubjectAnswer, "the answer is empty"),
		fails("null-body", core.ErrorProtocol, core.SubjectAnswer, "no choices: null"),
		fails("no-choices", core.ErrorProtocol, core.SubjectAnswer, "chatcmpl-1"),
		fails("empty-list", core.ErrorProtocol, core.SubjectAnswer, "no choices"),
		fails("html-200", core.ErrorProtocol, core.SubjectAnswer, "Please log in"),
		fails("not-json", core.ErrorProtocol, core.SubjectAnswer, "{\"id\": chatcmpl}"),
		fails("error-body", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-text", core.ErrorUnavailable, core.SubjectAnswer, "model is still loading"),
		fails("error-detail", core.ErrorUnavailable, core.SubjectAnswer, "Internal error"),
		fails("error-object", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-type", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-429", core.ErrorRateLimited, core.SubjectLimit, "Provider returned error"),
		fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "no reply in it").Streamed(),
		waits("rate-limit", "2s", core.ErrorRateLimited),
		waits("rate-limit-ms", "1.5s", core.ErrorRateLimited),
		waits("busy", "2s", core.ErrorUnavailable),
		at("a parameter that the service refuses is named", "bad-parameter", "max_tokens", "leave it out", map[string]any{"max_tokens": 5}),
		at("so is one in prose", "bad-in-prose", "parameters.top_k", "leave it out", map[string]any{"parameters": map[string]any{"top_k": 5}}),
		at("a model without a system role says what to set", "no-system", "system_role", "system_role: user", nil),
	}
}

// cutPromises are about answers that break off.
func cutPromises() []promise {
	u := suite()
	breaks, ends := u.Breaks, u.Ends
	quiet := map[string]any{"timeouts": map[string]any{"quiet": "1s"}}
	turn := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	return []promise{
		breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", "one two ", nil).Streamed(),
		breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", "one two th", nil).Streamed(),
		breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil).Streamed(),
		breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("an error in a stream is an error, and what had come is kept", "stream-error", core.ErrorUnavailable, "The engine has died.", "one two three ", nil).Streamed(),
		breaks("an event that is a detail is an error", "detail-event", core.ErrorUnavailable, "Internal error", "one two three ", nil).Streamed(),
		breaks("so is an object that is an error", "object-event", core.ErrorUnavailable, "The engine has died.", "one two three ", nil).Streamed(),
		breaks("and one of that type", "type-event", core.ErrorUnavailable, "The engine has died.", "one two three ", nil).Streamed(),
		promise{Name: "what a model thought before its reply broke off is kept", Faults: []string{"thought-error"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorUnavailable, "The engine has died.")
			s.Ended(r, core.FinishBroken, "")
			if got := s.Thoughts(r); got != "they want the " {
				s.Errorf("the target thinks %q", got)
			}
		}}.Streamed(),
		breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", "one two three ", nil).Streamed(),
		breaks("an error of a router is an error", "router-error", core.ErrorUnavailable, "Upstream died", "one two three four ", nil).Streamed(),
		breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", "one two ", quiet).Streamed(),
		breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", "one two ", turn).Whole(),
		ends("without its last mark, a stream is unconfirmed", "no-done", core.FinishUnconfirmed, "[DONE]", all).Streamed(),
		ends("a stream that keeps coming is not cut off", "slow", core.FinishComplete, "", all).With(quiet).Streamed(),
		u.TimesOut("within 2s"),
		{Name: "a caller who leaves ends the request at once", Faults: []string{"stall"}, Verify: func(s *stage) {
			ctx, cancel := context.WithCancel(s.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err := s.Talk(core.Start{}).Send(ctx, clienttest.Four())
			if !errors.Is(err, context.Canceled) && core.KindOf(err) == "" {
				s.Errorf("the error is %v", err)
			}
		}},
	}
}

// networkPromises are about keys and connections.
func networkPromises() []promise {
	u := suite()
	return []promise{
		{Name: "the key is sent as the service expects it", Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0].Header; got.Get("Authorization") != "Bearer "+stageKey || got.Get("Api-Key") != "" {
				s.Errorf("the headers are %v", got)
			}
		}},
		{Name: "Azure gets the key, the deployment and the version its way", Config: map[string]any{"provider": "azure"}, Verify: func(s *stage) {
			s.Reply("one")
			if got := s.Sent()[0]; got.Header.Get("Api-Key") != stageKey || got.Header.Get("Authorization") != "" || got.URL != "/openai/v1/chat/completions" {
				s.Errorf("sent to %s with %v", got.URL, got.Header)
			}
		}},
		u.HidesKey("sk-wrong-9876543210", "invalid_api_key"),
		{Name: "further headers are sent, and nothing about the machine", Config: map[string]any{"headers": map[string]any{"OpenAI-Project": "p1"}}, Verify: func(s *stage) {
			s.Reply("one")
			if s.Sent()[0].Header.Get("OpenAI-Project") != "p1" {
				s.Error("the header is missing")
			}
			for name := range s.Sent()[0].Header {
				if strings.HasPrefix(name, "X-Stainless") {
					s.Errorf("%s is sent", name)
				}
			}
		}},
		u.StaysHome(),
	}
}
