package geminitest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// errorPromises are about answers that are none.
func errorPromises() []promise {
	fails := func(fault string, kind core.ErrorKind, subject core.ErrorSubject, says string) promise {
		return promise{name: "is an error: " + fault, faults: []string{fault}, verify: func(s *stage) {
			s.about(s.fails(kind, says), subject)
			if got := s.server.Turns(); got != 1 {
				s.Errorf("%d requests were sent, want 1: whether to try again is not the target's to say", got)
			}
		}}
	}
	waits := func(fault, want string, kind core.ErrorKind) promise {
		return promise{name: "says when to come back: " + fault, faults: []string{fault}, verify: func(s *stage) {
			err := s.fails(kind, "")
			s.about(err, core.SubjectLimit)
			if got := core.RetryAfterOf(err); got.String() != want {
				s.Errorf("the error asks to wait %s, want %s", got, want)
			}
		}}
	}
	return []promise{
		fails("quota", core.ErrorAuth, core.SubjectConfiguration, "RESOURCE_EXHAUSTED"),
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
		fails("error-text", core.ErrorUnavailable, core.SubjectAnswer, "model is still loading"),
		only("stream", fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "the stream has no candidates")),
		waits("rate-limit", "37s", core.ErrorRateLimited),
		waits("busy", "2s", core.ErrorUnavailable),
	}
}

// keyPromises are about errors that are at a key of the configuration.
func keyPromises() []promise {
	at := func(name, fault, field, hint string, config map[string]any) promise {
		return promise{name: name, faults: []string{fault}, config: config, verify: func(s *stage) {
			_, err := s.talk(core.Start{SystemPrompt: "Be kind."}).Send(s.Context(), four())
			s.kind(err, core.ErrorConfig, "")
			if fieldOf(err) != field || !strings.Contains(core.HintOf(err), hint) {
				s.Errorf("the error is at %q with the hint %q, want %q and %q: %v", fieldOf(err), core.HintOf(err), field, hint, err)
			}
		}}
	}
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

// fieldOf returns the key that the outermost error with one names.
func fieldOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*core.Error](err)
		if !ok {
			return ""
		}
		if e.Field != "" {
			return e.Field
		}
		err = e.Err
	}
	return ""
}

// cutPromises are about answers that break off.
func cutPromises() []promise {
	breaks := func(name, fault string, kind core.ErrorKind, says, text string, config map[string]any) promise {
		return promise{name: name, faults: []string{fault + "@2"}, agent: Recall, config: config, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText(all))
			r, err := c.Send(s.Context(), core.UserText("more"))
			s.kind(err, kind, says)
			s.about(err, core.SubjectAnswer)
			s.ended(r, core.FinishBroken, "")
			if got := r.Message.Text(); got != text {
				s.Errorf("%q had come, want %q", got, text)
			}
			s.answered(c, core.UserText("after"), all+" then after")
		}}
	}
	quiet := map[string]any{"timeouts": map[string]any{"quiet": "1s"}}
	turn := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	const three = "one two three "
	return []promise{
		only("stream", breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", three, nil)),
		only("stream", breaks("so is one whose end has no reason", "null-finish", core.ErrorUnavailable, "before the reply did", all+" then more", nil)),
		only("stream", breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", three+"fo", nil)),
		only("whole", breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("stream", breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", three, nil)),
		only("whole", breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("stream", breaks("an error in a stream is an error, and what had come is kept", "stream-error", core.ErrorUnavailable, "overloaded", three, nil)),
		only("stream", breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", three, nil)),
		only("stream", breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", three, quiet)),
		only("whole", breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", "one two ", turn)),
		only("stream", breaks("a list of events that ends too early is a cut", "cut-list", core.ErrorUnavailable, "cut off", "one ", nil)),
		only("whole", breaks("a list that ends too early is a cut", "cut-list", core.ErrorUnavailable, "cut off", "one two ", nil)),
		breaks("a part that is none is the service's fault", "broken-part", core.ErrorProtocol, "a part of the reply cannot be read", all+" then more", nil),
		only("stream", with(ends("a stream that keeps coming is not cut off", "slow", core.FinishComplete, "", all), quiet)),
		{name: "a service that never answers is a timeout", faults: []string{"silence"}, config: turn, verify: func(s *stage) {
			s.about(s.fails(core.ErrorTimeout, "timeouts.turn"), core.SubjectAnswer)
		}},
		{name: "a turn that is given up ends at once", faults: []string{"silence"}, verify: func(s *stage) {
			ctx, cancel := context.WithTimeout(s.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := s.talk(core.Start{}).Send(ctx, four()); err == nil {
				s.Error("there is no error")
			}
		}},
	}
}

// networkPromises are about the way to the service.
func networkPromises() []promise {
	return []promise{
		{name: "the key is in a header, and never in an address", verify: func(s *stage) {
			s.reply("one")
			if got := s.sent[0]; got.header.Get("X-Goog-Api-Key") != stageKey || got.header.Get("Authorization") != "" || strings.Contains(got.url, stageKey) || strings.Contains(got.url, "key=") {
				s.Errorf("sent to %s with %v", got.url, got.header)
			}
		}},
		{name: "an access token is a bearer's", config: map[string]any{"api_key": "", "access_token": stageKey}, verify: func(s *stage) {
			s.reply("one")
			if got := s.sent[0]; got.header.Get("Authorization") != "Bearer "+stageKey || got.header.Get("X-Goog-Api-Key") != "" {
				s.Errorf("sent to %s with %v", got.url, got.header)
			}
		}},
		{name: "a key that the service repeats is hidden", config: map[string]any{"api_key": "AIza-wrong-9876543210"}, verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorAuth, "API_KEY_INVALID")
			if strings.Contains(err.Error(), "AIza-wrong") {
				s.Errorf("the error shows the key: %v", err)
			}
		}},
		{name: "further headers are sent, and nothing about the machine", config: map[string]any{"headers": map[string]any{"X-Goog-User-Project": "p1"}}, verify: func(s *stage) {
			s.reply("one")
			if s.sent[0].header.Get("X-Goog-User-Project") != "p1" {
				s.Error("the header is missing")
			}
			if client := s.sent[0].header.Get("X-Goog-Api-Client"); client != "" {
				s.Errorf("X-Goog-Api-Client is sent: %s", client)
			}
		}},
		{name: "a redirect is not followed, and takes no key along", verify: func(s *stage) {
			var asked atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
			defer other.Close()
			s.server.redirectTo(other.URL)
			s.about(s.fails(core.ErrorConfig, "HTTP 307"), core.SubjectConfiguration)
			if asked.Load() != 0 {
				s.Error("the other host was asked")
			}
		}},
	}
}
