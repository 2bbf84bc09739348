package httptargettest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// redirecting is a target whose service redirects with a status.
func redirecting(code, to, more string) string {
	return `{"url":"http://service/redirect/` + code + `?to=` + to + `","api_key":"sk-0123456789","headers":{"X-Key":"k-0123456789"},"cookies":{"seen":"yes-0123456789"},
"request":{"headers":{"X-Own":"own-0123456789"},"body":{"m":"$(prompt)"}},"reply":{"jq":".method"}` + more + `}`
}

func redirectPromises() []promise {
	return []promise{
		{
			name:   "a redirect on the same host is followed, as browsers do",
			config: redirecting("303", "/mirror/x", ""),
			verify: func(s *stage) {
				s.answered(s.talk(core.Start{}), "x", "GET")
				if r := s.received(s.server, "/mirror/x"); len(r.Body) > 0 || r.Header.Get("Authorization") == "" {
					s.Errorf("arrived with %q, %v", r.Body, r.Header)
				}
			},
		},
		{
			name:   "a redirect that keeps the method keeps the body",
			config: redirecting("307", "/mirror/x", ""),
			verify: func(s *stage) {
				s.answered(s.talk(core.Start{}), "x", "POST")
				if r := s.received(s.server, "/mirror/x"); string(r.Body) != `{"m":"x"}` {
					s.Errorf("arrived with %q", r.Body)
				}
			},
		},
		{
			name:   "a redirect to another host is refused, and nothing is sent there",
			config: redirecting("302", "http://elsewhere/mirror/x", ""),
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "x", core.ErrorConfig, "redirects_to")
				if n := len(s.elsewhere.Received()); n > 0 {
					s.Errorf("%d requests went to the other host", n)
				}
			},
		},
		{
			name:   "a redirect to a host that is named is followed without key, headers and cookies",
			config: redirecting("302", "http://elsewhere/mirror/x", `,"redirects_to":["http://elsewhere"]`),
			verify: followsWithoutKeys,
		},
	}
}

// boundedRedirectPromises are about redirects that end.
func boundedRedirectPromises() []promise {
	return []promise{
		{
			name:   "the body of a request is taken to no other host",
			config: redirecting("308", "http://elsewhere/mirror/x", `,"redirects_to":["http://elsewhere"]`),
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "x", core.ErrorConfig, "body")
				if n := len(s.elsewhere.Received()); n > 0 {
					s.Errorf("%d requests went to the other host", n)
				}
			},
		},
		{
			name:   "a circle of redirects ends",
			config: redirecting("302", "/redirect/302%3Fto=/redirect/302", ""),
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				_, err := c.Send(s.Context(), core.UserText("x"))
				if err == nil || len(s.server.Received()) > 7 {
					s.Errorf("%d requests, %v", len(s.server.Received()), err)
				}
			},
		},
		{
			name:   "with max_redirects 0 a redirect is the answer",
			config: redirecting("302", "/mirror/x", `,"max_redirects":0`),
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "x", core.ErrorConfig, "HTTP 302")
			},
		},
		{
			name:   "a request to another host carries neither key, headers nor cookies of the service",
			config: `{"url":"http://service/mirror/a","api_key":"sk-0123456789","headers":{"X-Key":"k-0123456789"},"cookies":{"seen":"yes-0123456789"},"session":[{"url":"http://elsewhere/mirror/token","headers":{"X-Own":"1"},"take":{"path":{"jq":".path"}}}],"request":{"body":{"m":"$(prompt) $(taken.path)"}},"reply":{"jq":".method"}}`,
			verify: asksElsewhereWithoutKeys,
		},
	}
}

func followsWithoutKeys(s *stage) {
	s.answered(s.talk(core.Start{}), "x", "GET")
	r := s.received(s.elsewhere, "/mirror/x")
	for name, values := range r.Header {
		if strings.Contains(strings.Join(values, " "), "0123456789") {
			s.Errorf("the other host got %s: %q", name, values)
		}
	}
}

func asksElsewhereWithoutKeys(s *stage) {
	s.say(s.talk(core.Start{}), "x")
	h := s.received(s.elsewhere, "/mirror/token").Header
	for name, values := range h {
		if strings.Contains(strings.Join(values, " "), "0123456789") {
			s.Errorf("the other host got %s: %q", name, values)
		}
	}
	if h.Get("X-Own") != "1" {
		s.Errorf("the other host got %v", h)
	}
	if body := string(s.received(s.server, "/mirror/a").Body); body != `{"m":"x /mirror/token"}` {
		s.Errorf("arrived as %s", body)
	}
}
