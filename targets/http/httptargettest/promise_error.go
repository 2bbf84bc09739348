package httptargettest

import (
	"context"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// failing returns a promise that a turn fails, with JSON or plain text by the config.
func failing(name, config string, fault FaultKind, kind core.ErrorKind, says string) promise {
	return promise{name: name, config: config, faults: once(fault), verify: func(s *stage) {
		c := s.talk(core.Start{})
		reply, err := c.Send(s.Context(), core.UserText("hello"))
		s.kind(err, kind, says)
		if !reply.Message.Empty() {
			s.Errorf("a reply came with the error: %+v", reply)
		}
	}}
}

func errorPromises() []promise {
	return []promise{
		{
			name: "a refusal because of limits may be sent again in the same conversation", config: jsonChat, faults: once(RateLimited),
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				err := s.failed(c, "hello", core.ErrorRateLimited, "slow down")
				if got := core.RetryAfterOf(err); got != 2*time.Second {
					s.Errorf("asks to wait %s", got)
				}
				s.answered(c, "hello", "you said hello")
			},
		},
		{
			name: "a busy service says when to come back", config: jsonChat, faults: once(Busy),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "being deployed")
				if got := core.RetryAfterOf(err); got != 2*time.Second {
					s.Errorf("asks to wait %s", got)
				}
			},
		},
		{
			name: "a wait in milliseconds is read", config: jsonChat, faults: once(LimitedMillis),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorRateLimited, "HTTP 429")
				if got := core.RetryAfterOf(err); got != 1500*time.Millisecond {
					s.Errorf("asks to wait %s", got)
				}
			},
		},
		{
			name: "a wait in milliseconds is read where a rule names the limit", faults: once(LimitedMillis),
			config: strings.Replace(jsonChat, `"reply"`, `"rules":[{"status":[429],"is":"unavailable"}],"reply"`, 1),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "HTTP 429")
				if got := core.RetryAfterOf(err); got != 1500*time.Millisecond {
					s.Errorf("asks to wait %s", got)
				}
			},
		},
		failing("an error page is told by its title", jsonChat, ServerError, core.ErrorUnavailable, "HTTP 500 (Internal Server Error): Internal Server Error"),
		failing("credentials that are refused are told", jsonChat, Unauthorized, core.ErrorAuth, "token has expired"),
		failing("a 403 is no defence unless the campaign says so", jsonChat, Filtered, core.ErrorAuth, "is: blocked"),
		failing("200 with an error in it is an error", jsonChat, ErrorInside, core.ErrorProtocol, "the model is overloaded"),
		failing("null is no reply", jsonChat, NullAnswer, core.ErrorProtocol, "nothing to say"),
		failing("a missing reply is no empty one", jsonChat, NoAnswer, core.ErrorProtocol, "jq finds no reply"),
		failing("a number is no text", jsonChat, NumberAnswer, core.ErrorProtocol, "tostring"),
		failing("an empty body is no reply", jsonChat, EmptyBody, core.ErrorProtocol, "no JSON"),
		failing("a web page in place of JSON is an error", jsonChat, WebPage, core.ErrorProtocol, "Sign in"),
		failing("a web page in place of a text is an error", plainText, WebPage, core.ErrorConfig, "page of HTML"),
		failing("a connection that is dropped is an error", jsonChat, DropsConnection, core.ErrorUnavailable, "POST http://"),
		failing("half a JSON document is an error", jsonChat, CutBody, core.ErrorUnavailable, "broke off"),
	}
}

// secrecyPromises are about errors that must say no more than they may, and turns
// that are given up.
func secrecyPromises() []promise {
	return []promise{
		{
			name: "secrets are in no error", config: `{"url":"http://service/mirror/a","secrets":{"s":"sesame-0123"},"request":{"body":{"m":"$(prompt) $(secrets.s)"}},"rules":[{"jq":"true","is":"error","say":"\"you sent sesame-0123\""}]}`,
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorProtocol, "you sent [redacted]")
				if strings.Contains(err.Error(), "sesame") {
					s.Errorf("the error holds the secret: %v", err)
				}
			},
		},
		{
			name: "a turn that the caller gives up ends", config: jsonChat, faults: once(Hangs),
			verify: func(s *stage) {
				ctx, cancel := context.WithCancel(s.Context())
				c := s.talk(core.Start{})
				done := make(chan error, 1)
				go func() {
					_, err := c.Send(ctx, core.UserText("hello"))
					done <- err
				}()
				<-s.server.Arrived()
				cancel()
				if err := <-done; err == nil {
					s.Error("the turn succeeded")
				}
			},
		},
	}
}

func rulePromises() []promise {
	ruled := func(rules string) string {
		return strings.Replace(jsonChat, `"reply"`, `"rules":`+rules+`,"reply"`, 1)
	}
	return []promise{
		{
			name: "a filter that the campaign names has answered", faults: once(Filtered),
			config: ruled(`[{"status":[403],"jq":".code == \"filtered\"","is":"blocked","say":".message"}]`),
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				r := s.say(c, "hello")
				s.ended(r, core.FinishBlocked)
				if !r.Message.Empty() || r.Detail != "the prompt breaks the policy" {
					s.Errorf("reply %+v", r)
				}
			},
		},
		{
			name: "a rule whose conditions hold in part decides nothing", faults: once(Filtered),
			config: ruled(`[{"status":[403],"jq":".code == \"other\"","is":"blocked"},{"regex":"never","is":"blocked"}]`),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorAuth, "") },
		},
		{
			name: "a limit within a 200 is a limit", faults: once(LimitInside), config: ruled(`[{"jq":".status == \"throttled\"","is":"rate_limited"}]`),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorRateLimited, "come back later")
				if got := core.RetryAfterOf(err); got != 3*time.Second {
					s.Errorf("asks to wait %s", got)
				}
			},
		},
		{
			name: "a 200 that the campaign calls an error is one", config: ruled(`[{"regex":"you said","is":"unavailable"}]`),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "rules[0]") },
		},
		{
			name: "a refusal by the proxy that holds to the scope is none of the service's", faults: once(ProxyRefuses),
			config: ruled(`[{"status":[403],"is":"blocked"}]`),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorConfig, "not in scope.hosts") },
		},
		{
			name: "a reply beside an error is one if the campaign says so", faults: once(ErrorInside), config: ruled(`[{"status":[200],"is":"complete"}]`),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "") },
		},
		{
			name: "a blocked reply keeps its text", config: ruled(`[{"regex":"you said","is":"blocked"}]`),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				s.ended(r, core.FinishBlocked)
				if r.Message.Text() != "you said hello" {
					s.Errorf("answered with %q", r.Message.Text())
				}
			},
		},
		{
			name: "a truncated reply is told by a rule", config: ruled(`[{"regex":"you said","is":"truncated"}]`),
			verify: func(s *stage) { s.ended(s.say(s.talk(core.Start{}), "hello"), core.FinishTruncated) },
		},
	}
}
