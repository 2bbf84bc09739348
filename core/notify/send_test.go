package notify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core/notify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hook is a webhook on this machine: it gives the answers one after the other,
// and the last one again and again.
func hook(t *testing.T, answers ...http.HandlerFunc) (address string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(calls.Add(1)), len(answers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/services/s3cret", calls
}

func answer(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the service's reason")
	}
}

// hasty returns a sender with short pauses. Its connections are closed at the end of
// the test.
func hasty(t *testing.T) *notify.Sender {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &notify.Sender{Pause: time.Millisecond, Patience: 10 * time.Second, Transport: transport}
}

func TestABodyIsPostedAsJSON(t *testing.T) {
	var got *http.Request
	var body []byte
	address, _ := hook(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	tries, err := hasty(t).Send(t.Context(), address, []byte(`{"text":"hi"}`))
	if err != nil || tries != 1 {
		t.Fatalf("%d tries, %v", tries, err)
	}
	if got.Method != http.MethodPost || got.Header.Get("Content-Type") != "application/json" || string(body) != `{"text":"hi"}` {
		t.Errorf("%s %s: %s", got.Method, got.Header, body)
	}
}

func TestWhatMayHelpIsTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		answers []http.HandlerFunc
		tries   int
		failure string
	}{
		"an overloaded service":               {[]http.HandlerFunc{answer(429), answer(503), answer(200)}, 3, ""},
		"a service that says when":            {[]http.HandlerFunc{answer(429, "Retry-After", "0"), answer(204)}, 2, ""},
		"a service that fails for long":       {[]http.HandlerFunc{answer(500)}, 6, `the webhook answered 500 Internal Server Error: "the service's reason"`},
		"a wait that is too long":             {[]http.HandlerFunc{answer(503, "Retry-After", "3600")}, 1, "retry after 1h0m0s"},
		"a date that is too far away":         {[]http.HandlerFunc{answer(503, "Date", "Thu, 26 Nov 2026 20:00:00 GMT", "Retry-After", "Thu, 26 Nov 2026 21:00:00 GMT")}, 1, "retry after 1h0m0s"},
		"a date that has passed":              {[]http.HandlerFunc{answer(503, "Retry-After", "Thu, 26 Nov 2020 21:00:00 GMT"), answer(200)}, 2, ""},
		"a message that nobody understands":   {[]http.HandlerFunc{answer(400)}, 1, "the webhook answered 400 Bad Request"},
		"an address that is gone":             {[]http.HandlerFunc{answer(404)}, 1, "the webhook answered 404 Not Found"},
		"a redirect, which is not followed":   {[]http.HandlerFunc{answer(307, "Location", "http://example.com/")}, 1, "redirects are not followed"},
		"a redirect to the same host, either": {[]http.HandlerFunc{answer(302, "Location", "/other")}, 1, "redirects are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			address, calls := hook(t, test.answers...)
			tries, err := hasty(t).Send(t.Context(), address, nil)
			if tries != test.tries || int(calls.Load()) != test.tries {
				t.Errorf("%d tries, %d calls, want %d", tries, calls.Load(), test.tries)
			}
			if (err == nil) != (test.failure == "") || err != nil && !strings.Contains(err.Error(), test.failure) {
				t.Errorf("error %v, want %q", err, test.failure)
			}
		})
	}
}

func TestAnErrorDoesNotRepeatTheAddress(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, address := range []string{closed.URL + "/s3cret", "http://127.0.0.1:1/s3cret\x00", "gopher://s3cret"} {
		if _, err := hasty(t).Send(t.Context(), address, nil); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("error %v", err)
		}
	}
}

func TestAnAnswerThatNeverEndsIsNotReadToItsEnd(t *testing.T) {
	address, _ := hook(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
				return
			}
		}
	})
	if _, err := hasty(t).Send(t.Context(), address, nil); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestWhoIsCancelledDoesNotWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address, _ := hook(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	begun := time.Now()
	if tries, err := hasty(t).Send(ctx, address, nil); err == nil || tries != 1 || time.Since(begun) > 4*time.Second {
		t.Errorf("%d tries, %v, after %s", tries, err, time.Since(begun))
	}
}
