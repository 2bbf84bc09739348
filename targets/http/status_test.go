package httptarget_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// asked sends "hi" to a handler, with further keys of the configuration.
func asked(t *testing.T, handler http.HandlerFunc, path, more string) (core.Reply, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	target, err := open(t.Context(), []byte(`{"url":"`+server.URL+path+`"`+strings.ReplaceAll(more, "http://service", server.URL)+`}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = target.(io.Closer).Close() }()
	c, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = c.End(t.Context()) }()
	return c.Send(t.Context(), core.UserText("hi"))
}

const body = `,"request":{"body":{"m":"$(prompt)"}}`

func TestAStatusSaysWhatCanBeDone(t *testing.T) {
	for kind, codes := range map[core.ErrorKind][]int{
		core.ErrorAuth:        {401, 403, 407},
		core.ErrorRateLimited: {429},
		core.ErrorUnavailable: {408, 500, 502, 503, 504, 529},
		core.ErrorConfig:      {300, 302, 304, 404, 405, 410, 415},
		core.ErrorProtocol:    {400, 402, 406, 409, 413, 422, 451},
	} {
		for _, code := range codes {
			_, err := asked(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }, "/", body)
			if core.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), strconv.Itoa(code)) {
				t.Errorf("%d: %v (%s), want %s", code, err, core.KindOf(err), kind)
			}
		}
	}
}

// counting redirects from /N to /N-1, and answers at /0 with what arrived there.
func counting(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if n, _ := strconv.Atoi(strings.Trim(r.URL.Path, "/")); n > 0 {
			w.Header().Set("Location", fmt.Sprintf("http://me:secret@%s/%d", r.Host, n-1))
			w.WriteHeader(code)
			return
		}
		sent, _ := io.ReadAll(r.Body) // it is in memory
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, "%s %q %q", r.Method, sent, r.Header.Get("Authorization"))
	}
}

func TestARedirectIsFollowedAsBrowsersDo(t *testing.T) {
	const whole, none = `"{\"m\":\"hi\"}" ""`, `"" ""`
	for _, test := range []struct {
		code         int
		method, want string
	}{
		{301, "POST", "GET " + none},
		{302, "POST", "GET " + none},
		{303, "POST", "GET " + none},
		{303, "PUT", "GET " + none},
		{302, "PUT", "PUT " + whole},
		{307, "POST", "POST " + whole},
		{308, "PATCH", "PATCH " + whole},
	} {
		r, err := asked(t, counting(test.code), "/1", `,"request":{"method":"`+test.method+`","body":{"m":"$(prompt)"}}`)
		if err != nil || r.Message.Text() != test.want {
			t.Errorf("%d of a %s: %q, %v, want %q", test.code, test.method, r.Message.Text(), err, test.want)
		}
	}
}

func TestNoMoreRedirectsAreFollowedThanTheCampaignSays(t *testing.T) {
	for hops, says := range map[int]string{3: "", 4: "redirects more than 3 times"} {
		_, err := asked(t, counting(307), "/"+strconv.Itoa(hops), body+`,"max_redirects":3`)
		if says == "" && err != nil || says != "" && !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%d redirects: %v, want %q", hops, err, says)
		}
	}
}

func TestARequestAroundATrialHasFailedWhereItsAnswerSaysSo(t *testing.T) {
	const reset = `,"request":{"method":"POST"}`
	answer := func(code int, source string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, source)
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		more    string
		kind    core.ErrorKind
	}{
		"nothing, as it has to be":      {answer(204, ""), reset, ""},
		"nothing where 200 is usual":    {answer(200, ""), reset, ""},
		"nothing where a reply has one": {answer(204, ""), reset + `,"reply":{"jq":".status"}`, core.ErrorProtocol},
		"nothing, which a rule calls whole": {
			answer(204, ""), reset + `,"reply":{"jq":".status"},"rules":[{"status":[204],"is":"complete"}]`, "",
		},
		"nothing, which a rule calls an error": {answer(204, ""), reset + `,"rules":[{"status":[204],"is":"error"}]`, core.ErrorProtocol},
		"an error":                             {answer(200, `{"ok":false}`), reset + `,"reply":{"jq":".ok | tostring"},"rules":[{"jq":".ok | not","is":"error"}]`, core.ErrorProtocol},
		"something else":                       {answer(200, `{"state":"ok"}`), reset + `,"reply":{"jq":".status"}`, core.ErrorProtocol},
		"another thing than is expected":       {answer(204, ""), `,"request":{"method":"POST","expect":{"status":[200]}}`, core.ErrorProtocol},
	} {
		server := httptest.NewServer(test.handler)
		target, err := open(t.Context(), []byte(`{"url":"`+server.URL+`"`+test.more+`}`))
		if err != nil {
			t.Fatal(err)
		}
		c, err := target.StartConversation(t.Context(), core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Send(t.Context(), core.UserText("after_trial"))
		if core.KindOf(err) != test.kind && (err != nil || test.kind != "") || err == nil && (r.Finish != core.FinishComplete || !r.Message.Empty()) {
			t.Errorf("%s: %s %q, %v, want %q", name, r.Finish, r.Message.Text(), err, test.kind)
		}
		_ = target.(io.Closer).Close()
		server.Close()
	}
}

func TestAJobOfWhichALimitSaysNothingYetIsAskedForAgain(t *testing.T) {
	const job = `,"request":{"body":{"m":"$(prompt)"}},"then":[{"url":"http://service/job","until":{"jq":".done"},"every":"1ms","tries":3}],"reply":{"jq":".answer"}`
	for name, test := range map[string]struct {
		limited int
		asked   int
		kind    core.ErrorKind
	}{
		"a limit that ends":             {limited: 2, asked: 3},
		"one that outlasts every try":   {limited: 9, asked: 3, kind: core.ErrorUnavailable}, // the service has the message
		"a job without any such answer": {asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var tries int
			r, err := asked(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if r.URL.Path == "/job" {
					if tries++; tries <= test.limited {
						w.WriteHeader(http.StatusTooManyRequests)
						return
					}
				}
				_, _ = io.WriteString(w, `{"done":true,"answer":"blue eleven"}`)
			}, "/", job)
			if core.KindOf(err) != test.kind || tries != test.asked || (err == nil) != (r.Message.Text() == "blue eleven") {
				t.Errorf("asked %d times: %q, %s: %v", tries, r.Message.Text(), core.KindOf(err), err)
			}
		})
	}
}

func TestAServiceThatIsGoneIsUnreachableOnlyWhereItHasNotAnsweredYet(t *testing.T) {
	for turns, want := range map[int]core.ErrorSubject{1: core.SubjectReachability, 2: core.SubjectAnswer, 3: core.SubjectAnswer} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			_, _ = io.WriteString(w, "yes")
		}))
		target, err := open(t.Context(), []byte(`{"url":"`+server.URL+`"`+body+`,"memory":"service"}`))
		if err != nil {
			t.Fatal(err)
		}
		c, err := target.StartConversation(t.Context(), core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		for range turns - 1 {
			if _, err := c.Send(t.Context(), core.UserText("hi")); err != nil {
				t.Fatal(err)
			}
		}
		server.Close()
		if _, err = c.Send(t.Context(), core.UserText("hi")); core.SubjectOf(err) != want {
			t.Errorf("turn %d: the error is about %q, want %q: %v", turns, core.SubjectOf(err), want, err)
		}
		_ = target.(io.Closer).Close()
	}
}
