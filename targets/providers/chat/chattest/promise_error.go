package chattest

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
	at := func(name, fault, field, hint string, config map[string]any) promise {
		return promise{name: name, faults: []string{fault}, config: config, verify: func(s *stage) {
			_, err := s.talk(core.Start{SystemPrompt: "Be kind."}).Send(s.Context(), four())
			s.kind(err, core.ErrorConfig, "")
			if e, ok := errors.AsType[*core.Error](err); !ok || fieldOf(err) != field || !strings.Contains(core.HintOf(err), hint) {
				s.Errorf("the error is at %q with the hint %q, want %q and %q: %v", fieldOf(e), core.HintOf(err), field, hint, err)
			}
		}}
	}
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
		fails("error-429", core.ErrorRateLimited, core.SubjectLimit, "Provider returned error"),
		only("stream", fails("stream-none", core.ErrorProtocol, core.SubjectAnswer, "no reply in it")),
		waits("rate-limit", "2s", core.ErrorRateLimited),
		waits("rate-limit-ms", "1.5s", core.ErrorRateLimited),
		waits("busy", "2s", core.ErrorUnavailable),
		at("a parameter that the service refuses is named", "bad-parameter", "max_tokens", "leave it out", map[string]any{"max_tokens": 5}),
		at("so is one in prose", "bad-in-prose", "parameters.top_k", "leave it out", map[string]any{"parameters": map[string]any{"top_k": 5}}),
		at("a model without a system role says what to set", "no-system", "system_role", "system_role: user", nil),
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
	return []promise{
		only("stream", breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", "one two ", nil)),
		only("stream", breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", "one two th", nil)),
		only("whole", breaks("an answer that ends too early is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("stream", breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("whole", breaks("an answer whose connection is lost is a cut", "drop", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("stream", breaks("an error in a stream is an error, and what had come is kept", "stream-error", core.ErrorUnavailable, "The engine has died.", "one two three ", nil)),
		only("stream", breaks("an event that is not JSON is the service's fault", "bad-event", core.ErrorProtocol, "not JSON", "one two three ", nil)),
		only("stream", breaks("an error of a router is an error", "router-error", core.ErrorUnavailable, "Upstream died", "one two three ", nil)),
		only("stream", breaks("a stream that falls silent is a timeout", "stall", core.ErrorTimeout, "timeouts.quiet", "one two ", quiet)),
		only("whole", breaks("an answer that never ends is a timeout", "stall", core.ErrorTimeout, "timeouts.turn", "one two ", turn)),
		only("stream", ends("without its last mark, a stream is unconfirmed", "no-done", core.FinishUnconfirmed, "[DONE]", all)),
		only("stream", with(ends("a stream that keeps coming is not cut off", "slow", core.FinishComplete, "", all), quiet)),
		{name: "a service that never answers is a timeout", faults: []string{"silence"}, config: turn, verify: func(s *stage) {
			s.about(s.fails(core.ErrorTimeout, "within 2s"), core.SubjectAnswer)
		}},
		{name: "a caller who leaves ends the request at once", faults: []string{"stall"}, verify: func(s *stage) {
			ctx, cancel := context.WithCancel(s.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err := s.talk(core.Start{}).Send(ctx, four())
			if !errors.Is(err, context.Canceled) && core.KindOf(err) == "" {
				s.Errorf("the error is %v", err)
			}
		}},
	}
}

// networkPromises are about keys and connections.
func networkPromises() []promise {
	return []promise{
		{name: "the key is sent as the service expects it", verify: func(s *stage) {
			s.reply("one")
			if got := s.sent[0].header; got.Get("Authorization") != "Bearer "+stageKey || got.Get("Api-Key") != "" {
				s.Errorf("the headers are %v", got)
			}
		}},
		{name: "Azure gets the key, the deployment and the version its way", config: map[string]any{"provider": "azure"}, verify: func(s *stage) {
			s.reply("one")
			if got := s.sent[0]; got.header.Get("Api-Key") != stageKey || got.header.Get("Authorization") != "" || got.url != "/openai/v1/chat/completions" {
				s.Errorf("sent to %s with %v", got.url, got.header)
			}
		}},
		{name: "a key that the service repeats is hidden", config: map[string]any{"api_key": "sk-wrong-9876543210"}, verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorAuth, "invalid_api_key")
			if strings.Contains(err.Error(), "sk-wrong") {
				s.Errorf("the error shows the key: %v", err)
			}
		}},
		{name: "further headers are sent, and nothing about the machine", config: map[string]any{"headers": map[string]any{"OpenAI-Project": "p1"}}, verify: func(s *stage) {
			s.reply("one")
			if s.sent[0].header.Get("OpenAI-Project") != "p1" {
				s.Error("the header is missing")
			}
			for name := range s.sent[0].header {
				if strings.HasPrefix(name, "X-Stainless") {
					s.Errorf("%s is sent", name)
				}
			}
		}},
		{name: "a redirect is not followed, and takes no key along", verify: func(s *stage) {
			var asked atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
			defer other.Close()
			s.server.redirectTo(other.URL)
			s.kind(s.fails(core.ErrorConfig, "HTTP 307"), core.ErrorConfig, "")
			if asked.Load() != 0 {
				s.Error("the other host was asked")
			}
		}},
	}
}
