package speech_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const key = "sk-test-1234567890"

// serve starts a server and returns a configuration that names it.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return fmt.Sprintf(`{"engine": "openai", "endpoint": "%s/v1/", "model": "m-1", "api_key": %q}`, s.URL, key)
}

func TestTheEndpointSpeaks(t *testing.T) {
	var path, authorization string
	var request map[string]string
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path, authorization = r.Method+" "+r.URL.Path, r.Header.Get("Authorization")
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		file := audio.EncodeWAV(tone())
		copy(file[40:], "\xff\xff\xff\xff") // as OpenAI streams it
		_, _ = w.Write(file)
	})
	clip := speak(t, mustOpen(t, "speech", config), "hello")
	if path != "POST /v1/audio/speech" || authorization != "Bearer "+key {
		t.Errorf("got %s with %q", path, authorization)
	}
	want := map[string]string{"model": "m-1", "input": "hello", "voice": "alloy", "response_format": "wav"}
	if diff := cmp.Diff(want, request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if string(clip.PCM()) != string(tone().PCM()) {
		t.Error("the speech is not what the server sent")
	}
}

func TestTheEndpointTranscribes(t *testing.T) {
	var path string
	form := map[string]string{}
	var recording audio.Clip
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		parts, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		for {
			part, err := parts.NextPart()
			if err != nil {
				break
			}
			data, _ := io.ReadAll(part)
			if part.FileName() == "" {
				form[part.FormName()] = string(data)
				continue
			}
			form[part.FormName()] = part.FileName() + " " + part.Header.Get("Content-Type")
			if recording, _, err = audio.DecodeWAV(data); err != nil {
				t.Error(err)
			}
		}
		_, _ = io.WriteString(w, `{"text": " Blue eleven. ", "usage": {"seconds": 1}}`)
	})
	config = strings.TrimSuffix(config, "}") + `, "language": "en"}`
	if got := transcribe(t, mustOpen(t, "transcribe", config), tone()); got != "Blue eleven." {
		t.Errorf("transcript %q", got)
	}
	want := map[string]string{"model": "m-1", "response_format": "json", "language": "en", "file": "recording.wav audio/wav"}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if path != "POST /v1/audio/transcriptions" || recording.Duration() != time.Second {
		t.Errorf("got %s with %v", path, recording)
	}
}

func TestAnEndpointsRefusalHasAKindAndItsReason(t *testing.T) {
	for _, test := range []struct {
		name    string
		status  int
		header  map[string]string
		body    string
		kind    core.ErrorKind
		after   time.Duration
		message string
	}{
		{"wrong key", 401, nil, `{"error": {"message": "Incorrect API key provided: ` + key + `"}}`, core.ErrorAuth, 0, "Incorrect API key provided: [redacted]"},
		{"forbidden", 403, nil, ``, core.ErrorAuth, 0, "403 Forbidden"},
		{"quota", 429, nil, `{"error": {"code": "insufficient_quota", "message": "pay"}}`, core.ErrorAuth, 0, "pay"},
		{"rate limit in seconds", 429, map[string]string{"Retry-After": "7"}, `slow down`, core.ErrorRateLimited, 7 * time.Second, "slow down"},
		{"rate limit until a date", 429, map[string]string{"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}, ``, core.ErrorRateLimited, 90 * time.Second, "429"},
		{"rate limit until a date past", 429, map[string]string{"Retry-After": "Mon, 23 Nov 2026 09:00:00 GMT", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}, ``, core.ErrorRateLimited, 0, "429"},
		{"rate limit of a year", 429, map[string]string{"Retry-After": "31536000"}, ``, core.ErrorRateLimited, time.Hour, "429"},
		{"negative rate limit", 429, map[string]string{"Retry-After": "-5"}, ``, core.ErrorRateLimited, 0, "429"},
		{"nonsense in the header", 429, map[string]string{"Retry-After": "soon"}, ``, core.ErrorRateLimited, 0, "429"},
		{"server error", 500, nil, `{"error": {"message": "oops"}}`, core.ErrorUnavailable, 0, "oops"},
		{"overloaded", 503, map[string]string{"Retry-After": "2"}, ``, core.ErrorUnavailable, 2 * time.Second, "503"},
		{"slow server", 408, nil, ``, core.ErrorUnavailable, 0, "408"},
		{"no such model", 404, nil, `{"error": {"message": "no such model", "code": "model_not_found"}}`, core.ErrorConfig, 0, "no such model"},
		{"wrong voice", 400, nil, `{"error": {"message": "no such voice", "param": "voice"}}`, core.ErrorConfig, 0, "no such voice"},
		{"text too long", 400, nil, `{"error": {"message": "too long", "param": "input"}}`, core.ErrorInput, 0, "too long"},
		{"body too long", 413, nil, ``, core.ErrorInput, 0, "413"},
		{"an HTML page", 502, nil, "<html>" + strings.Repeat("x", 100_000), core.ErrorUnavailable, 0, "<html>"},
		{"no content", 204, nil, ``, core.ErrorProtocol, 0, "204"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range test.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			_, err := mustOpen(t, "speech", config).Convert(t.Context(), core.TextValue("hello"))
			e, ok := errors.AsType[*core.Error](err)
			if !ok {
				t.Fatalf("error %v, want a core.Error", err)
			}
			if e.Kind != test.kind || e.RetryAfter != test.after || !strings.Contains(err.Error(), test.message) {
				t.Errorf("kind %s after %v, %q; want %s after %v with %q", e.Kind, e.RetryAfter, err, test.kind, test.after, test.message)
			}
			if strings.Contains(err.Error(), key) || len(err.Error()) > 5000 {
				t.Errorf("the error of %d bytes shows the key or a whole page", len(err.Error()))
			}
		})
	}
}

func TestTheKeyDoesNotFollowARedirect(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(other.Close)
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	_, err := mustOpen(t, "speech", config).Convert(t.Context(), core.TextValue("hello"))
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), other.URL) || asked {
		t.Errorf("error %v, hint %q, the other server asked: %v", err, core.HintOf(err), asked)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, test := range []struct{ name, component, body, message string }{
		{"MP3 instead of WAV", "speech", "ID3\x04", "an MP3 file, not a WAV file"},
		{"JSON instead of WAV", "speech", `{"audio": ""}`, "not a WAV file"},
		{"text instead of JSON", "transcribe", "hello", "decoding the transcription"},
		{"JSON without the text", "transcribe", `{"transcript": "hello"}`, `no "text"`},
		{"a novel", "transcribe", `{"text": "` + strings.Repeat("la ", 1<<20) + `"}`, "more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.body) })
			in := core.TextValue("hello")
			if test.component == "transcribe" {
				in = core.WAVValue(audio.EncodeWAV(tone()))
			}
			_, err := mustOpen(t, test.component, config).Convert(t.Context(), in)
			if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %v, want a protocol error with %q", err, test.message)
			}
		})
	}
}

func TestAnEndpointThatDoesNotAnswer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := mustOpen(t, "speech", fmt.Sprintf(`{"engine": "openai", "endpoint": %q, "model": "m-1"}`, gone.URL))
	if _, err := c.Convert(t.Context(), core.TextValue("hello")); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), gone.URL) {
		t.Errorf("nobody listens: error %v, want an unavailable error that names the endpoint", err)
	}

	asked := make(chan struct{}, 2)
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		asked <- struct{}{}
		<-r.Context().Done()
	}
	config := strings.TrimSuffix(serve(t, hang), "}") + `, "timeout": "50ms"}`
	if _, err := mustOpen(t, "speech", config).Convert(t.Context(), core.TextValue("hello")); core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("it hangs: error %v, want a timeout error", err)
	}

	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := mustOpen(t, "speech", serve(t, hang)).Convert(ctx, core.TextValue("hello")); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller gives up: error %v, want context.Canceled", err)
	}
}

func TestAnAnswerThatBreaksOffIsNoSpeech(t *testing.T) {
	config := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		file := audio.EncodeWAV(tone())
		w.Header().Set("Content-Length", fmt.Sprint(len(file)))
		_, _ = w.Write(file[:len(file)/2])
	})
	if _, err := mustOpen(t, "speech", config).Convert(t.Context(), core.TextValue("hello")); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("error %v, want an unavailable error", err)
	}
}
