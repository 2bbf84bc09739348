package httptarget

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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
