package service_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a service at a server.
func open(t *testing.T, web *httptest.Server, config access.Config) *service.Service {
	t.Helper()
	u, err := url.Parse(web.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := service.Open(service.Options{Name: "test service", Access: config, Address: u})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends a request and returns status and body.
func ask(ctx context.Context, s *service.Service, address string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("question"))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("X-Stainless-Os", "Linux")
	response, err := s.Client().Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestATokenThatExpiredIsReadAgainOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	valid, asked := "token-first", 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.Copy(w, r.Body)
	}))
	defer web.Close()
	write(valid)
	s := open(t, web, access.Config{AccessTokenFile: file})
	if status, body, err := ask(t.Context(), s, web.URL); status != 200 || body != "question" || err != nil {
		t.Fatalf("%d %q %v", status, body, err)
	}
	valid = "token-second"
	write(valid)
	if status, body, err := ask(t.Context(), s, web.URL); status != 200 || body != "question" || err != nil || asked != 3 {
		t.Errorf("%d %q %v after %d requests", status, body, err, asked)
	}
	valid = "token-that-nobody-has"
	if status, _, err := ask(t.Context(), s, web.URL); status != 401 || err != nil || asked != 4 {
		t.Errorf("%d %v after %d requests: a token that has not changed is not tried again", status, err, asked)
	}
}

func TestNothingIsSentToAnotherHost(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	defer other.Close()
	s := open(t, web, access.Config{APIKey: "sk-0123456789"})
	if _, _, err := ask(t.Context(), s, other.URL); core.KindOf(err) != core.ErrorInternal {
		t.Errorf("the error is %v", err)
	}
}

func TestARefusalIsBoundedAndNothingTellsAboutTheMachine(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Stainless-Os") != "" || r.Header.Get("X-Own") != "y" {
			t.Errorf("the headers are %v", r.Header)
		}
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
	}))
	defer web.Close()
	s := open(t, web, access.Config{Headers: map[string]core.Secret{"X-Own": "y"}})
	if status, body, err := ask(t.Context(), s, web.URL); status != 502 || len(body) != 256<<10 || err != nil {
		t.Errorf("%d, %d bytes, %v", status, len(body), err)
	}
}

func TestAnErrorNamesTheServiceAndHidesItsKey(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	s := open(t, web, access.Config{APIKey: "sk-0123456789"})
	err := s.Explain(core.Errorf(core.ErrorAuth, "no such key: sk-0123456789").WithHint("not sk-0123456789"))
	if text := err.Error() + core.HintOf(err); strings.Contains(text, "sk-0") || !strings.Contains(text, "test service at "+web.URL+"/v1") || core.KindOf(err) != core.ErrorAuth {
		t.Errorf("the error is %v (%s)", err, core.HintOf(err))
	}
}

func TestAnErrorAfterTheRequestSpeaksOfTheAnswer(t *testing.T) {
	for _, test := range []struct {
		err  error
		want core.ErrorSubject
	}{
		{nil, ""},
		{core.Errorf(core.ErrorUnavailable, "x"), core.SubjectAnswer},
		{core.Errorf(core.ErrorUnavailable, "x").About(core.SubjectReachability), core.SubjectReachability},
		{core.Errorf(core.ErrorRateLimited, "x"), core.SubjectLimit},
		{core.Errorf(core.ErrorConfig, "x"), core.SubjectConfiguration},
	} {
		if got := core.SubjectOf(service.AboutTheAnswer(test.err)); got != test.want {
			t.Errorf("%v speaks of %q, want %q", test.err, got, test.want)
		}
	}
}
