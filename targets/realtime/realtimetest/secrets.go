package realtimetest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"
)

const (
	// maxSecretRequest is the largest size of a request, in bytes.
	maxSecretRequest = 1 << 20
	// defaultModel is the model of a secret whose session names none.
	defaultModel = "gpt-realtime-2.1"
	// secretLife is the default life of a secret.
	secretLife = 600
	// Bounds of a secret's requested life, in seconds.
	minSecretLife, maxSecretLife = 10, 7200
)

// secret is an ephemeral key with its session's settings and its expiry.
type secret struct {
	model    string
	settings json.RawMessage // settings have the form of session.update's session; nil for none
	expires  time.Time
}

// secretRequest is the body of a request for a secret.
type secretRequest struct {
	ExpiresAfter struct {
		Anchor  string `json:"anchor"`
		Seconds any    `json:"seconds"`
	} `json:"expires_after"`
	Session json.RawMessage `json:"session"`
}

// mint answers a request for an ephemeral key.
func (s *Server) mint(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", "Secrets are minted with POST.")
		return
	}
	if !s.hasKey(r) {
		refuse(w, http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSecretRequest))
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "The request cannot be read: "+err.Error())
		return
	}
	made, shown, problem := s.newSecret(body)
	if problem != nil {
		refuse(w, http.StatusBadRequest, problem.Code, problem.Message)
		return
	}
	value := newID("ek_")
	s.mu.Lock()
	maps.DeleteFunc(s.secrets, func(_ string, old secret) bool { return !old.expires.After(time.Now()) })
	s.secrets[value] = made
	s.mu.Unlock()
	s.minted.Add(1)
	answered := shown.shown()
	delete(answered, "parallel_tool_calls") // which the official type does not have
	if shown.transcribes() {
		withoutAnswers(answered)
	}
	w.Header().Set("Content-Type", "application/json")
	// A write error means that the client is gone.
	_ = json.NewEncoder(w).Encode(fields{"value": value, "expires_at": made.expires.Unix(), "session": answered})
}

// withoutAnswers removes what the official type of a session that only transcribes does
// not have: when the service answers.
func withoutAnswers(shown map[string]any) {
	heard := session{values: shown}
	detection, ok := heard.at("audio", "input", "turn_detection").(map[string]any)
	if !ok {
		return
	}
	detection = maps.Clone(detection)
	for _, key := range []string{"create_response", "interrupt_response", "idle_timeout_ms"} {
		delete(detection, key)
	}
	maps.Copy(shown, heard.with("audio.input.turn_detection", detection).values)
}

// newSecret reads a request. It returns the resulting session, too.
func (s *Server) newSecret(body []byte) (secret, session, *protocolError) {
	var request secretRequest
	if len(bytes.TrimSpace(body)) > 0 {
		if problem := decodeStrictly(body, &request, ""); problem != nil {
			return secret{}, session{}, problem
		}
	}
	if problem := oneOf("created_at")("expires_after.anchor", cmp.Or(request.ExpiresAfter.Anchor, "created_at")); problem != nil {
		return secret{}, session{}, problem
	}
	life := cmp.Or[any](request.ExpiresAfter.Seconds, float64(secretLife))
	if problem := integer(minSecretLife, maxSecretLife)("expires_after.seconds", life); problem != nil {
		return secret{}, session{}, problem
	}
	seconds, _ := asNumber(life)
	made := secret{model: defaultModel, settings: request.Session, expires: time.Now().Add(time.Duration(seconds) * time.Second)}
	var named struct {
		Model string `json:"model"`
	}
	// The settings are checked when they are applied.
	if json.Unmarshal(request.Session, &named) == nil {
		made.model = cmp.Or(named.Model, defaultModel)
	}
	shown, problem := s.sessionOf(made)
	return made, shown, problem
}

// sessionOf returns a new session with a secret's settings.
func (s *Server) sessionOf(made secret) (session, *protocolError) {
	var named struct {
		Type string `json:"type"`
	}
	fresh := newSession(made.model, time.Now().Add(s.options.SessionLife))
	if json.Unmarshal(made.settings, &named) == nil && named.Type == transcribing {
		fresh = newTranscription(time.Now().Add(s.options.SessionLife))
	}
	if made.settings == nil {
		return fresh, nil
	}
	return fresh.updated(made.settings, false)
}

// secretOf returns the client's ephemeral key, if it is valid and has not
// expired.
func (s *Server) secretOf(r *http.Request) (secret, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.secrets[bearer(r)]
	return found, ok && found.expires.After(time.Now())
}
