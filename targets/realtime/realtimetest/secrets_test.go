package realtimetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// minted asks a server for an ephemeral key.
func minted(t *testing.T, server http.Handler, key, body string) (int, object) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/realtime/client_secrets", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	var answer object
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, answer
}

// knock is the status with which a server answers a client that has a key but
// speaks no websocket.
func knock(server http.Handler, key string) int {
	r := httptest.NewRequest(http.MethodGet, "/v1/realtime?model=m", nil)
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w.Code
}

func TestAnEphemeralKeyOpensASessionWithItsSettings(t *testing.T) {
	server, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{APIKey: "right", Ephemeral: true})
	before := time.Now().Unix()
	status, answer := minted(t, server, "right", `{"expires_after":{"anchor":"created_at","seconds":100},"session":{"type":"realtime","model":"m-1","instructions":"be brief"}}`)
	key, _ := answer["value"].(string)
	if status != http.StatusOK || !strings.HasPrefix(key, "ek_") || answer.at("session", "instructions") != "be brief" || answer.at("session", "model") != "m-1" {
		t.Fatalf("status %d: %v", status, answer)
	}
	if left := int64(answer["expires_at"].(float64)) - before; left < 100 || left > 160 {
		t.Errorf("the key expires in %d s, want 100", left)
	}
	socket, response, err := websocket.DefaultDialer.Dial(strings.TrimSuffix(url, "?model=test-model"), http.Header{"Authorization": {"Bearer " + key}})
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = socket.Close() }()
	created := (&client{t: t, socket: socket}).expect("session.created")
	if created.at("session", "instructions") != "be brief" || created.at("session", "model") != "m-1" {
		t.Errorf("the session is %v", created["session"])
	}
	if got := server.Stats().Secrets; got != 1 {
		t.Errorf("%d secrets were counted", got)
	}
}

func TestWhichKeysLetAClientIn(t *testing.T) {
	tests := map[string]struct {
		options        realtimetest.Options
		plain, another int
	}{
		"a key is demanded":              {realtimetest.Options{APIKey: "right"}, http.StatusBadRequest, http.StatusUnauthorized},
		"an ephemeral key is demanded":   {realtimetest.Options{APIKey: "right", Ephemeral: true}, http.StatusUnauthorized, http.StatusUnauthorized},
		"any ephemeral key is demanded":  {realtimetest.Options{Ephemeral: true}, http.StatusUnauthorized, http.StatusUnauthorized},
		"no key is demanded of a client": {realtimetest.Options{}, http.StatusBadRequest, http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, _ := start(t, realtimetest.ToneAgent{}, test.options)
			_, answer := minted(t, server, "right", "")
			// A client that is let in has still to speak websocket: 400.
			if got := knock(server, answer["value"].(string)); got != http.StatusBadRequest {
				t.Errorf("the ephemeral key is answered with %d", got)
			}
			if got := knock(server, "right"); got != test.plain {
				t.Errorf("the plain key is answered with %d, want %d", got, test.plain)
			}
			if got := knock(server, "ek_of_somebody_else"); got != test.another {
				t.Errorf("another key is answered with %d, want %d", got, test.another)
			}
		})
	}
}

func TestAnEphemeralKeyExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := realtimetest.NewServer(realtimetest.ToneAgent{}, realtimetest.Options{APIKey: "right"})
		for body, life := range map[string]time.Duration{
			"": 10 * time.Minute, `{}`: 10 * time.Minute, `{"expires_after":{"anchor":"created_at","seconds":10}}`: 10 * time.Second,
		} {
			_, answer := minted(t, server, "right", body)
			key := answer["value"].(string)
			time.Sleep(life - time.Second) // the bubble's clock
			if got := knock(server, key); got != http.StatusBadRequest {
				t.Errorf("%s: a second before its end the key is answered with %d", body, got)
			}
			time.Sleep(time.Second)
			if got := knock(server, key); got != http.StatusUnauthorized {
				t.Errorf("%s: an expired key is answered with %d", body, got)
			}
		}
	})
}

func TestARequestForASecretCanBeRefused(t *testing.T) {
	server, _ := start(t, realtimetest.ToneAgent{}, realtimetest.Options{APIKey: "right"})
	_, answer := minted(t, server, "right", "")
	for name, test := range map[string]struct {
		key, body string
		status    int
		code      string
	}{
		"wrong key":         {"wrong", ``, 401, "invalid_api_key"},
		"an ephemeral one":  {answer["value"].(string), ``, 401, "invalid_api_key"},
		"not JSON":          {"right", `{`, 400, "invalid_json"},
		"unknown parameter": {"right", `{"lifetime":1}`, 400, "unknown_parameter"},
		"another anchor":    {"right", `{"expires_after":{"anchor":"yesterday"}}`, 400, "invalid_value"},
		"too short":         {"right", `{"expires_after":{"seconds":9}}`, 400, "invalid_value"},
		"too long":          {"right", `{"expires_after":{"seconds":7201}}`, 400, "invalid_value"},
		"a word":            {"right", `{"expires_after":{"seconds":"soon"}}`, 400, "invalid_type"},
		"a bad session":     {"right", `{"session":{"type":"realtime","temperature":1}}`, 400, "unknown_parameter"},
		"an untyped one":    {"right", `{"session":{}}`, 400, "missing_required_parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, answer := minted(t, server, test.key, test.body); status != test.status || answer.at("error", "code") != test.code {
				t.Errorf("got %d %v, want %d %s", status, answer, test.status, test.code)
			}
		})
	}
	t.Run("not posted", func(t *testing.T) {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openai/v1/realtime/client_secrets", nil))
		if body, _ := io.ReadAll(w.Body); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("got %d %s", w.Code, body)
		}
	})
}
