package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/api"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func (s service) with(kinds ...fault.Kind) service {
	s.t.Helper()
	var faults []realtimetest.Fault
	for i, kind := range kinds {
		faults = append(faults, realtimetest.Fault{Kind: kind, Turn: i + 1})
	}
	return startWith(s.t, api.Options{Faults: faults})
}

const (
	chatAsk      = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
	responsesAsk = `{"model":"m","input":"hello"}`
	greeting     = "Welcome to Harbour Savings. What can I do for you?"
	half         = "Welcome to Harbour Savings. What"
)

func streamed(body string) string { return strings.Replace(body, "{", `{"stream":true,`, 1) }

func TestAFaultRefusesARequestOnceAndTheNextIsAnswered(t *testing.T) {
	for kind, want := range map[fault.Kind]struct {
		status int
		code   string
		after  string
	}{
		realtimetest.RateLimit:          {429, "rate_limit_exceeded", "2"},
		realtimetest.ConnectRateLimit:   {429, "rate_limit_exceeded", "2"},
		realtimetest.Quota:              {429, "insufficient_quota", ""},
		realtimetest.ConnectQuota:       {429, "insufficient_quota", ""},
		realtimetest.ServerError:        {500, "server_error", ""},
		realtimetest.ConnectUnavailable: {503, "server_error", ""},
		realtimetest.ConnectBusy:        {503, "server_error", "2"},
		realtimetest.Forbidden:          {403, "access_denied", ""},
		realtimetest.NotFound:           {404, "model_not_found", ""},
		fault.PromptFilter:              {400, "content_filter", ""},
	} {
		for path, ask := range map[string]string{chatPath: chatAsk, responsesPath: responsesAsk} {
			t.Run(string(kind)+path, func(t *testing.T) {
				s := service{t: t}.with(kind)
				s.refuses(path, `{}`, http.StatusBadRequest, "missing_required_parameter", "model") // does not count
				status, header, body := s.postJSON(path, streamed(ask))
				if got := decode[refused](t, body).Error; status != want.status || got.Code != want.code || header.Get("Retry-After") != want.after || got.Message == "" {
					t.Errorf("status %d, %v: %s", status, header, body)
				}
				if status, _, body := s.postJSON(path, ask); status != http.StatusOK || !strings.Contains(string(body), greeting) {
					t.Errorf("the next one: status %d: %s", status, body)
				}
			})
		}
	}
}

func TestAFaultChangesTheReply(t *testing.T) {
	const no = "I'm sorry, but I can't help with that."
	for kind, want := range map[fault.Kind]struct{ text, refusal, finish, status, reason string }{
		realtimetest.EmptyReply:    {"", "", "stop", "completed", ""},
		realtimetest.ContentFilter: {half, "", "content_filter", "incomplete", "content_filter"},
		realtimetest.Truncated:     {half, "", "length", "incomplete", "max_output_tokens"},
		fault.Refusal:              {"", no, "stop", "completed", ""},
		realtimetest.SlowReply:     {greeting, "", "stop", "completed", ""},
		realtimetest.UnknownEvents: {greeting, "", "stop", "completed", ""},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := service{t: t}.with(kind, kind, kind, kind)
			_, _, body := s.postJSON(chatPath, chatAsk)
			choice := decode[struct {
				Choices []struct {
					Finish  string `json:"finish_reason"`
					Message struct{ Content, Refusal string }
				}
			}](t, body).Choices[0]
			if choice.Message.Content != want.text || choice.Message.Refusal != want.refusal || choice.Finish != want.finish {
				t.Errorf("chat: %s", body)
			}
			if want.refusal != "" && !strings.Contains(string(body), `"content":null`) {
				t.Errorf("a refusal has a text: %s", body)
			}
			_, _, body = s.postJSON(chatPath, streamed(chatAsk))
			if (kind == realtimetest.UnknownEvents) != strings.Contains(string(body), "novelty") {
				t.Errorf("events of an unknown type: %s", body)
			}
			var text, refusal, finish string
			for _, c := range s.chunks(body) {
				for _, choice := range c.Choices {
					text, refusal, finish = text+choice.Delta.Content, refusal+choice.Delta.Refusal, finish+choice.Finish
				}
			}
			if text != want.text || refusal != want.refusal || finish != want.finish {
				t.Errorf("chat, streamed: %s", body)
			}
			_, _, body = s.postJSON(responsesPath, responsesAsk)
			whole := decode[response](t, body)
			_, _, body = s.postJSON(responsesPath, streamed(responsesAsk))
			all := s.events(body)
			for _, got := range []response{whole, all[len(all)-1].Response} {
				var reason string
				if got.Details != nil {
					reason = got.Details.Reason
				}
				if got.text() != want.text+want.refusal || got.Status != want.status || reason != want.reason {
					t.Errorf("responses: %+v", got)
				}
			}
		})
	}
}

// begun sends a request and returns what came, and how it ended.
func (s service) begun(path, body string, patience time.Duration) (int, string, error) {
	s.t.Helper()
	client := http.Client{Timeout: patience}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	var got bytes.Buffer
	_, err = io.Copy(&got, response.Body)
	return response.StatusCode, got.String(), err
}

func TestAFaultBreaksTheDelivery(t *testing.T) {
	const short, long = 300 * time.Millisecond, time.Minute
	type want struct {
		ended   bool // rather than cut or held back
		timeout bool
	}
	for kind, wants := range map[fault.Kind]struct{ stream, whole want }{
		realtimetest.DropMidReply:   {want{}, want{}},
		realtimetest.HalfReply:      {want{timeout: true}, want{timeout: true}},
		realtimetest.Silence:        {want{timeout: true}, want{timeout: true}},
		realtimetest.NoDone:         {want{ended: true}, want{timeout: true}},
		realtimetest.ErrorEvent:     {want{ended: true}, want{ended: true}},
		realtimetest.MalformedFrame: {want{ended: true}, want{ended: true}},
	} {
		for path, ask := range map[string]string{chatPath: chatAsk, responsesPath: responsesAsk} {
			t.Run(string(kind)+path, func(t *testing.T) {
				t.Parallel()
				s := service{t: t}.with(kind, kind)
				for _, one := range []struct {
					ask  string
					want want
				}{{streamed(ask), wants.stream}, {ask, wants.whole}} {
					patience := long
					if one.want.timeout {
						patience = short
					}
					_, got, err := s.begun(path, one.ask, patience)
					if (err == nil) != one.want.ended || timedOut(err) != one.want.timeout {
						t.Errorf("%s: %v after %q", one.ask, err, got)
					}
					if strings.Contains(got, "response.completed") && kind == realtimetest.NoDone || !strings.Contains(got, `{"id": `) && kind == realtimetest.MalformedFrame {
						t.Errorf("%s: %q", one.ask, got)
					}
					if kind == realtimetest.DropMidReply && (got == "" || strings.HasSuffix(got, "}\n\n")) {
						t.Errorf("%s: it ends between two events: %q", one.ask, got)
					}
					if strings.Contains(got, "[DONE]") && kind == realtimetest.NoDone || strings.Contains(got, `"status":"completed"`) && json.Valid([]byte(got)) {
						t.Errorf("%s: it came whole: %s", one.ask, got)
					}
				}
			})
		}
	}
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

func TestAnErrorComesWhereAReplyIsExpected(t *testing.T) {
	s := service{t: t}.with(realtimetest.ErrorEvent, realtimetest.ErrorEvent, realtimetest.ErrorEvent, realtimetest.ErrorEvent)
	status, _, body := s.postJSON(chatPath, chatAsk)
	if status != http.StatusOK || decode[refused](t, body).Error.Code != "server_error" {
		t.Errorf("chat: status %d: %s", status, body)
	}
	_, _, body = s.postJSON(chatPath, streamed(chatAsk))
	if !strings.Contains(string(body), `data: {"error":{`) || strings.Contains(string(body), "[DONE]") {
		t.Errorf("chat, streamed: %s", body)
	}
	if got := s.respond(responsesAsk); got.Status != "failed" || got.Error == nil || got.Error.Code != "server_error" || got.text() != "" {
		t.Errorf("responses: %+v", got)
	}
	_, _, body = s.postJSON(responsesPath, streamed(responsesAsk))
	if all := s.events(body); all[len(all)-1].Type != "error" {
		t.Errorf("responses, streamed: %s", body)
	}
}

func TestASlowReplyTakesItsTime(t *testing.T) {
	s := service{t: t}.with(realtimetest.SlowReply)
	before := time.Now()
	s.postJSON(chatPath, streamed(chatAsk))
	if took := time.Since(before); took < 2*time.Second { // ten words, 200 ms each
		t.Errorf("it took %s", took)
	}
}

func TestAStoppedServerLetsGoOfWhatItHoldsBack(t *testing.T) {
	s := service{t: t}.with(realtimetest.Silence)
	sent := make(chan error, 1)
	go func() {
		_, _, err := s.begun(chatPath, chatAsk, time.Minute)
		sent <- err
	}()
	for s.server.Replies() == 0 { // the request has arrived
		time.Sleep(time.Millisecond)
	}
	s.server.Stop()
	s.server.Stop()
	if err := <-sent; err == nil || timedOut(err) {
		t.Errorf("a request to a server that stops ends with %v", err)
	}
}

func TestAServerThatDoesNotTellWhenDoesNot(t *testing.T) {
	s := startWith(t, api.Options{Allowance: realtimetest.Allowance{RequestsPerMinute: 1}})
	s.postJSON(chatPath, chatAsk)
	status, header, body := s.postJSON(chatPath, chatAsk)
	if status != 429 || header.Get("Retry-After") != "" || strings.Contains(string(body), "try again") {
		t.Errorf("status %d, %v: %s", status, header, body)
	}
}

func TestRequestsAboveTheAllowanceAreRefused(t *testing.T) {
	s := startWith(t, api.Options{Allowance: realtimetest.Allowance{RequestsPerMinute: 1, TellsWhen: true}})
	status, header, _ := s.postJSON(chatPath, chatAsk)
	if status != http.StatusOK || header.Get("X-Ratelimit-Limit-Requests") != "1" || header.Get("X-Ratelimit-Remaining-Requests") != "0" || header.Get("X-Ratelimit-Reset-Requests") != "1m0s" {
		t.Errorf("the first: status %d, %v", status, header)
	}
	status, header, body := s.postJSON(responsesPath, responsesAsk)
	if got := decode[refused](t, body).Error; status != 429 || got.Code != "rate_limit_exceeded" || got.Type != "requests" || header.Get("Retry-After") != "61" {
		t.Errorf("the second: status %d, %v: %s", status, header, body)
	}
}
