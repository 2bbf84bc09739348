package httptargettest

import (
	"encoding/json"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// nasty are texts that a careless insertion changes. All are UTF-8.
func nasty() []string {
	return []string{
		`plain`, `a "quoted" word`, `back\slash \n \u0041 \\`, "line\nend\r\nand\ttab", "nul \x00 bell \a delete \x7f",
		"separators \u2028 \u2029", "astral 😀 and combining e\u0301", `</script><b>&amp; 'x'`, `%20+%2B a+b=c&d;e?f#g`,
		`{{ .text }} ${HOME} $(prompt) $$(x)`, `"}, "admin": true, "x": {"`, " spaces at both ends ", "\ufeffmark", "",
	}
}

func insertionPromises() []promise {
	return []promise{
		{
			name:   "a JSON body holds any text exactly, in a mapping and in a text",
			config: `{"url":"http://service/mirror/a","request":{"body":{"m":"$(prompt)","in":{"l":["before $(prompt) after",{"n":1.50,"t":true,"z":null}]}}},"then":[{"path":"/mirror/b","headers":{"Content-Type":"application/json; charset=utf-8"},"body":"{\"m\": \"$(prompt)\", \"v\": $(prompt), \"deep\": \"{\\\"q\\\": $(prompt|json)}\"}"}],"reply":{"jq":".method"},"memory":"service"}`,
			verify: exactJSON,
		},
		{
			name:   "a lone surrogate arrives in JSON as such",
			config: `{"url":"http://service/mirror/a","request":{"body":{"m":"$(prompt)"}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.say(s.talk(core.Start{}), "a\xed\xa0\x80b")
				if body := string(s.received(s.server, "/mirror/a").Body); body != `{"m":"a\ud800b"}` {
					s.Errorf("arrived as %s", body)
				}
			},
		},
		{
			name:   "a text that is not UTF-8 is refused in JSON, unless its bytes are asked for",
			config: `{"url":"http://service/mirror/a","request":{"body":{"m":"$(prompt)"}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "a\xffb", core.ErrorInput, "byte 2")
				if n := len(s.server.Received()); n > 0 {
					s.Errorf("%d requests were sent all the same", n)
				}
			},
		},
		{
			name:   "bytes that are not UTF-8 arrive where they are asked for",
			config: `{"url":"http://service/mirror/a","request":{"body":{"m":"$(prompt|bytes)"}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.say(s.talk(core.Start{}), "a\xff\"b")
				if body := string(s.received(s.server, "/mirror/a").Body); body != "{\"m\":\"a\xff\\\"b\"}" {
					s.Errorf("arrived as %q", body)
				}
			},
		},
	}
}

// otherBodyPromises are about what is not JSON.
func otherBodyPromises() []promise {
	return []promise{
		{
			name:   "addresses, forms, multipart bodies and plain texts hold any bytes exactly",
			config: `{"url":"http://service/mirror/u/$(prompt)/end?in=$(prompt)","memory":"service","request":{"query":{"q":"<$(prompt)>"},"form":{"f":"$(prompt)","o":"a&b"}},"then":[{"path":"/mirror/m","multipart":[{"name":"t\"","value":"$(prompt)"},{"name":"f","file":"text","filename":"a\"b.txt"}]},{"path":"/mirror/t","body":"say: $(prompt)"},{"path":"/mirror/x","headers":{"Content-Type":"application/x-www-form-urlencoded"},"body":"b=2&a=$(prompt)&a=3"}],"reply":{"jq":".method"}}`,
			verify: exactBytes,
		},
		{
			name:   "a header takes what fits into one, and refuses line ends",
			config: `{"url":"http://service/mirror/a","memory":"service","request":{"method":"POST","headers":{"X-Say":"[$(prompt)]"}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				s.say(c, "grüezi \"x\"")
				if got := s.received(s.server, "/mirror/a").Header.Get("X-Say"); got != "[grüezi \"x\"]" {
					s.Errorf("arrived as %q", got)
				}
				s.fails(c, "a\r\nX-Admin: 1", core.ErrorInput, "header X-Say")
				s.fails(c, "a\nb", core.ErrorInput, "U+000A")
			},
		},
		{
			name:   "XML is escaped, raw text is inserted as it is, and base64 is at hand",
			config: `{"url":"http://service/mirror/a","request":{"headers":{"Content-Type":"application/soap+xml"},"body":"<s a=\"$(prompt)\">$(prompt|base64)|$(prompt|raw)</s>"},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.say(s.talk(core.Start{}), `<"&`)
				if body := string(s.received(s.server, "/mirror/a").Body); body != `<s a="&lt;&#34;&amp;">PCIm|<"&</s>` {
					s.Errorf("arrived as %s", body)
				}
			},
		},
		{
			name:   "the length is computed, and a body is built by jq",
			config: `{"url":"http://service/mirror/a","request":{"method":"put","jq":"{text: ($prompt | ascii_upcase), n: ($messages | length), last: $messages[-1].role, turn: $turn, big: 12345678901234567890}"},"reply":{"jq":".method"}}`,
			verify: computedLength,
		},
	}
}

func exactBytes(s *stage) {
	c := s.talk(core.Start{})
	for _, text := range append(nasty()[:len(nasty())-1], "invalid \xff\xfe", "lone \xed\xa0\x80") {
		s.say(c, text)
		all := s.server.Received()
		first := all[len(all)-4]
		inPath, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(first.Path, "/mirror/u/"), "/end"))
		query, queryErr := url.ParseQuery(first.Query)
		if err != nil || queryErr != nil || inPath != text || query.Get("q") != "<"+text+">" || query.Get("in") != text {
			s.Errorf("%q arrived in the address as %s?%s", text, first.Path, first.Query)
		}
		form, err := url.ParseQuery(string(first.Body))
		if err != nil || form.Get("f") != text || form.Get("o") != "a&b" {
			s.Errorf("%q arrived in the form as %s", text, first.Body)
		}
		exactParts(s, all[len(all)-3], text)
		if got := string(all[len(all)-2].Body); got != "say: "+text {
			s.Errorf("%q arrived in plain text as %q", text, got)
		}
		raw, err := url.ParseQuery(string(all[len(all)-1].Body))
		if err != nil || raw.Get("a") != text || raw.Get("b") != "2" || len(raw["a"]) != 2 {
			s.Errorf("%q arrived in the written form as %s", text, all[len(all)-1].Body)
		}
	}
}

func exactJSON(s *stage) {
	c := s.talk(core.Start{})
	for _, text := range nasty() {
		s.say(c, text)
		var a struct {
			M  string
			In struct{ L []any }
		}
		body := s.received(s.server, "/mirror/a").Body
		if err := json.Unmarshal(body, &a); err != nil || a.M != text || a.In.L[0] != "before "+text+" after" {
			s.Errorf("%q arrived as %s (%v)", text, body, err)
		}
		if !strings.Contains(string(body), `"n":1.50,"t":true,"z":null`) {
			s.Errorf("the body is not as it was written: %s", body)
		}
		var b struct{ M, V, Deep string }
		body = s.received(s.server, "/mirror/b").Body
		if err := json.Unmarshal(body, &b); err != nil || b.M != text || b.V != text {
			s.Errorf("%q arrived as %s (%v)", text, body, err)
		}
		var deep struct{ Q string }
		if err := json.Unmarshal([]byte(b.Deep), &deep); err != nil || deep.Q != text {
			s.Errorf("%q arrived within a JSON text as %s (%v)", text, b.Deep, err)
		}
	}
}

func computedLength(s *stage) {
	s.answered(s.talk(core.Start{SystemPrompt: "be brief"}), "abc", "PUT")
	r := s.received(s.server, "/mirror/a")
	if body := string(r.Body); body != `{"big":12345678901234567890,"last":"user","n":2,"text":"ABC","turn":1}` {
		s.Errorf("arrived as %s", body)
	}
	if got := r.Header.Get("Content-Length"); got != strconv.Itoa(len(r.Body)) {
		s.Errorf("the length is said to be %q", got)
	}
}

// exactParts checks that a multipart body has a text as a field and as a file.
func exactParts(s *stage, parts Request, text string) {
	_, parameters, err := mime.ParseMediaType(parts.Header.Get("Content-Type"))
	if err != nil {
		s.Fatal(err)
	}
	read, err := multipart.NewReader(strings.NewReader(string(parts.Body)), parameters["boundary"]).ReadForm(1 << 20)
	if err != nil {
		s.Fatal(err)
	}
	if got := read.Value["t%22"]; len(got) != 1 || got[0] != text {
		s.Errorf("%q arrived in the multipart body as %q", text, read.Value)
	}
	if got := read.File["f"]; len(got) != 1 || got[0].Size != int64(len(text)) || got[0].Filename != "a%22b.txt" {
		s.Errorf("the file of %q arrived as %v", text, got)
	}
}
