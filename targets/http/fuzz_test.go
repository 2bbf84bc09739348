package httptarget

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// with returns a source of one text.
func with(text string) source {
	return func(string) (value, error) { return textValue(text), nil }
}

func FuzzInsertion(f *testing.F) {
	for _, s := range []string{"", "plain", `"\`, "\n\r\t\x00\x7f", "\u2028\u2029\ufeff", "😀", "\xed\xa0\x80", "\xff", "$(prompt)", "</s>&amp;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		structure, err := compileStructure([]byte(`{"a":"$(prompt)","b":["x $(prompt) y"],"c":"{\"q\":$(prompt|json)}"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := structure.render(with(text))
		if utf8.ValidString(text) {
			var got struct {
				A, C string
				B    []string
			}
			if err != nil || json.Unmarshal([]byte(body), &got) != nil || got.A != text || got.B[0] != "x "+text+" y" {
				t.Errorf("%q arrived as %s (%v)", text, body, err)
			}
			var inner struct{ Q string }
			if json.Unmarshal([]byte(got.C), &inner) != nil || inner.Q != text {
				t.Errorf("%q arrived within a text as %s", text, got.C)
			}
		} else if err == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q made %q of a JSON body", text, body)
		}
		for as, decode := range map[escape]func(string) (string, error){escapeURL: url.PathUnescape, escapeForm: url.QueryUnescape} {
			b, err := textValue(text).append(nil, as)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decode(string(b)); err != nil || got != text {
				t.Errorf("%q arrived as %q (%v)", text, got, err)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "$(prompt)", "a $$(b) $$$(prompt|json|url) $", "$(prompt", "$$$$(x)", "$()", "$(taken.a-b_c)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseTemplate(text)
		if err != nil {
			return
		}
		if _, ok := parsed.literal(); ok && !strings.Contains(text, "$(") {
			if got, _ := parsed.literal(); got != text {
				t.Errorf("%q is read as %q", text, got)
			}
		}
		// What is escaped stands for itself.
		literal, _ := parseTemplate(strings.NewReplacer("$(", "$ (").Replace(text))
		if got, ok := literal.literal(); !ok || strings.Contains(got, "$(") {
			t.Errorf("%q has placeholders: %v", text, literal)
		}
		_, _, _ = compileText(text, "")
		_, _, _ = compileText(text, typeJSON)
	})
}

// A stream gives the same pieces however it is cut into reads, and never hangs.
func FuzzStream(f *testing.F) {
	for _, s := range []string{
		"", "data: a\n\n", "data: a\r\n\r\ndata: b\r\r", "event: x\ndata: 1\ndata: 2\n\n: c\nid: 3\n\n", "data", "data:\n\n", "\xef\xbb\xbfdata: a\n\n", "data: a", "\n\n\r\r\n",
	} {
		f.Add(s)
	}
	collect := func(r io.Reader, sse bool) (all []string, err error) {
		err = pieces(r, sse, func(event, data string) (bool, error) {
			all = append(all, event+"|"+data)
			return data != "stop", nil
		})
		return all, err
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, sse := range []bool{true, false} {
			whole, err := collect(strings.NewReader(text), sse)
			single, singleErr := collect(iotest.OneByteReader(strings.NewReader(text)), sse)
			if strings.Join(whole, "\x00") != strings.Join(single, "\x00") || (err == nil) != (singleErr == nil) {
				t.Errorf("%q is %q (%v) at once, %q (%v) byte by byte", text, whole, err, single, singleErr)
			}
			_, err = collect(io.MultiReader(strings.NewReader(text), iotest.ErrReader(errors.New("cut"))), sse)
			if err == nil && !strings.Contains(text, "stop") {
				t.Errorf("%q, cut, is no error", text)
			}
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"answer":"x","error":0}`), "application/json")
	f.Add([]byte("<p class=a>x<br>y</p>"), "text/html; charset=windows-1252")
	f.Add([]byte("\xff\xfea\x00"), "text/plain; charset=utf-16")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, config := range []Reply{{JQ: ".answer"}, {Regex: "x(.)?"}, {HTML: "p.a"}, {}} {
			c := defaultConfig()
			c.URL, c.Reply.JQ, c.Reply.Regex, c.Reply.HTML = "https://bot.example", config.JQ, config.Regex, config.HTML
			p, err := compile(c)
			if err != nil {
				t.Fatal(err)
			}
			response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, ContentLength: int64(len(body))}
			a := newAnswer(response)
			a.read(bytes.NewReader(body), 1000)
			s := &state{plan: p}
			if _, err := p.judge(context.Background(), a, s); err != nil {
				continue
			}
			reply, err := p.reply.read(context.Background(), a, s)
			if err == nil && reply.Finish == core.FinishComplete && a.isJSON() && config == (Reply{}) && len(body) > 0 {
				if v, ok := a.parsed.(string); !ok || v != reply.Message.Text() && utf8.ValidString(v) {
					t.Errorf("the source %q is a reply", body)
				}
			}
		}
	})
}
