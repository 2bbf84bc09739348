package anthropictest

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
		fails("no-error", core.ErrorUnavailable, core.SubjectAnswer, "the reply failed"),
		only("stream", fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "the stream has no message")),
		only("stream", fails("stream-stop", core.ErrorProtocol, core.SubjectAnswer, "the stream has no message")),
		waits("rate-limit", "37s", core.ErrorRateLimited),
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
		at("so is one in prose", "bad-in-prose", "temperature", "leave it out", map[string]any{"temperature": 0.5}),
		at("and a further one", "bad-parameter", "parameters.top_k", "leave it out", map[string]any{"parameters": map[string]any{"top_k": 5}}),
		at("a parameter that was not given is not named", "bad-parameter", "", "check endpoint and model", nil),
		at("an error that names none has no key", "bad", "", "check endpoint and model", map[string]any{"top_k": 5}),
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
		only("stream", breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "no message_stop", three, nil)),
		only("stream", breaks("so is one without its last mark", "no-stop", core.ErrorUnavailable, "no message_stop", all+" then more", nil)),
		only("stream", breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", three+"fo", nil)),
		only("whole", breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", half, nil)),
		only("stream", breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", three, nil)),
		only("whole", breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", half, nil)),
		only("stream", breaks("an error in a stream is an error, and what had come is kept", "overload-event", core.ErrorUnavailable, "Overloaded", three, nil)),
		only("stream", breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", three, nil)),
		only("stream", breaks("a piece of no block is the service's fault", "orphan", core.ErrorProtocol, "belongs to no block", three, nil)),
		only("stream", breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", three, quiet)),
		only("whole", breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", half, turn)),
		breaks("a block that is none is the service's fault", "broken-block", core.ErrorProtocol, "a block of the reply cannot be read", all+" then more", nil),
		only("stream", promise{name: "a limit that is reached in a stream is one", faults: []string{"limit-event"}, verify: func(s *stage) {
			r, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorRateLimited, "Slow down")
			s.about(err, core.SubjectLimit)
			s.ended(r, core.FinishBroken, "")
		}}),
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
		{name: "an API key is in a header of its own", verify: func(s *stage) {
			s.reply("one")
			if got := s.sentRequests()[0]; got.header.Get("X-Api-Key") != stageKey || got.header.Get("Authorization") != "" || got.url != "/v1/messages" {
				s.Errorf("sent to %s with %v", got.url, got.header)
			}
		}},
		{name: "an access token is a bearer's", config: map[string]any{"api_key": "", "access_token": stageKey}, verify: func(s *stage) {
			s.reply("one")
			if got := s.sentRequests()[0]; got.header.Get("Authorization") != "Bearer "+stageKey || got.header.Get("X-Api-Key") != "" {
				s.Errorf("sent with %v", got.header)
			}
		}},
		{name: "a key that the service repeats is hidden", config: map[string]any{"api_key": "sk-ant-wrong-9876543210"}, verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorAuth, "authentication_error")
			if strings.Contains(err.Error(), "sk-ant-wrong") {
				s.Errorf("the error shows the key: %v", err)
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
