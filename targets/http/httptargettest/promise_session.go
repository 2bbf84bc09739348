package httptargettest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// webForm is a web form behind a login, with a CSRF token that each page renews.
const webForm = `{"url":"http://service/form","secrets":{"password":"p@ss \"word\""},
"session":[{"path":"/login","take":{"csrf":{"input":"csrf"}}},
{"path":"/login","form":{"csrf":"$(taken.csrf)","user":"tester","password":"$(secrets.password)"},"expect":{"regex":"Welcome, tester"},"take":{"csrf":{"meta":"csrf-token"}}}],
"request":{"form":{"csrf":"$(taken.csrf)","message":"$(prompt)"},"take":{"csrf":{"regex":"csrf-token\" content=\"([^\"]+)\""}}},
"reply":{"html":"div.answer"}}`

func sessionPromises() []promise {
	return []promise{
		{
			name:   "a web form is attacked behind its login, with the CSRF token of each page",
			config: webForm,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				s.answered(c, "good <b>morning</b>", "you said good <b>morning</b>")
				s.answered(c, "again", "you said good <b>morning</b> then again")
			},
		},
		{
			name:   "conversations at the same time have cookies of their own",
			config: webForm,
			verify: func(s *stage) {
				a, b := s.talk(core.Start{}), s.talk(core.Start{})
				s.answered(a, "one", "you said one")
				s.answered(b, "two", "you said two")
				s.answered(a, "three", "you said one then three")
			},
		},
		{
			name:   "a login that was refused with 200 is an error of the conversation",
			config: strings.Replace(webForm, `"p@ss \"word\""`, `"wrong"`, 1),
			verify: func(s *stage) {
				s.kind(s.refused(core.Start{}), core.ErrorProtocol, "session[1]: the answer is not what expect says")
			},
		},
		{
			name:   "what an answer does not hold is named",
			config: `{"url":"http://service/api/chat","session":[{"path":"/login","take":{"csrf":{"input":"token"}}}],"request":{"body":{"message":"$(prompt)"}},"reply":{"jq":".answer"}}`,
			verify: func(s *stage) {
				s.kind(s.refused(core.Start{}), core.ErrorProtocol, "session[0].take.csrf")
			},
		},
	}
}

// takenPromises are about values that are taken from answers.
func takenPromises() []promise {
	return []promise{
		{
			name:   "what a session takes keeps its JSON type, and is closed at the end",
			config: `{"url":"http://service/mirror/a","session":[{"method":"post","path":"/api/new","take":{"id":{"jq":".chat.id"},"name":{"header":"X-Conversation"}}}],"request":{"body":{"id":"$(taken.id)","name":"$(taken.name)","both":"$(taken.id)/$(taken.name)"},"query":{"q":"$(prompt)"}},"reply":{"jq":".method"},"close":[{"method":"DELETE","path":"/api/chat/$(taken.name)"}]}`,
			verify: keepsTypes,
		},
		{
			name:   "a session that began in part is closed",
			config: `{"url":"http://service/api/chat","session":[{"method":"post","path":"/api/new","take":{"name":{"jq":".chat.name"}}},{"path":"/status/503"}],"request":{"body":{"message":"$(prompt)"}},"reply":{"jq":".answer"},"close":[{"method":"DELETE","path":"/api/chat/$(taken.name)"}]}`,
			verify: func(s *stage) {
				s.kind(s.refused(core.Start{}), core.ErrorUnavailable, "as asked")
				if got := s.server.Closed(); len(got) != 1 {
					s.Errorf("closed: %q", got)
				}
			},
		},
		{
			name:   "a value that is taken from replies has an initial one",
			config: `{"url":"http://service/mirror/a","request":{"body":{"id":"$(taken.id)","m":"$(prompt)"},"take":{"id":{"jq":".method","initial":null}}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.kind(sayFails(s, "x"), core.ErrorProtocol, `no answer has held "id" yet`)
			},
		},
		{
			name:   "an initial value is replaced by the first answer's",
			config: `{"url":"http://service/mirror/a","request":{"body":{"id":"$(taken.id)"},"query":{"q":"$(prompt)"},"take":{"id":{"jq":".method","initial":""}}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				for _, want := range []string{`{"id":""}`, `{"id":"POST"}`} {
					s.say(c, "x")
					if body := string(s.received(s.server, "/mirror/a").Body); body != want {
						s.Errorf("arrived as %s, want %s", body, want)
					}
				}
			},
		},
		{
			name:   "headers, the key and cookies are sent with each request to the service",
			config: `{"url":"http://service/mirror/a","api_key":"sk-0123456789","headers":{"X-Team":"red"},"cookies":{"seen":"yes"},"session":[{"path":"/login"}],"request":{"headers":{"X-Own":"1"},"body":{"m":"$(prompt)"}},"reply":{"jq":".method"}}`,
			verify: sendsKeys,
		},
	}
}

// sayFails sends a text that fails, and returns the error.
func sayFails(s *stage, text string) error {
	s.Helper()
	_, err := s.talk(core.Start{}).Send(s.Context(), core.UserText(text))
	return err
}

func sendsKeys(s *stage) {
	s.say(s.talk(core.Start{}), "x")
	for _, path := range []string{"/login", "/mirror/a"} {
		h := s.received(s.server, path).Header
		if h.Get("Authorization") != "Bearer sk-0123456789" || h.Get("X-Team") != "red" || !strings.Contains(h.Get("Cookie"), "seen=yes") {
			s.Errorf("%s came with %v", path, h)
		}
	}
	if h := s.received(s.server, "/login").Header; h.Get("X-Own") != "" {
		s.Errorf("the login came with %v", h)
	}
}

func keepsTypes(s *stage) {
	c := s.talk(core.Start{})
	s.say(c, "x")
	if body := string(s.received(s.server, "/mirror/a").Body); body != `{"id":1,"name":"chat-1","both":"1/chat-1"}` {
		s.Errorf("arrived as %s", body)
	}
	for range 2 {
		if err := c.End(s.Context()); err != nil {
			s.Errorf("ending: %v", err)
		}
	}
	if got := s.server.Closed(); len(got) != 1 || got[0] != "chat-1" {
		s.Errorf("closed: %q", got)
	}
}
