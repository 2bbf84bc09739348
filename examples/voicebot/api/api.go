package api

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Model is the name of the only model. Requests may name any other: the agent
// answers all of them.
const Model = "harbour-savings"

const (
	maxJSON  = 32 << 20 // bytes of a JSON request, which may contain audio in base64
	maxAudio = 25 << 20 // bytes of an upload, OpenAI's limit
)

// Server answers the paths below /v1. It is an [http.Handler].
type Server struct {
	agent realtimetest.Agent
	key   string
	mux   *http.ServeMux
}

var _ http.Handler = (*Server)(nil)

// New returns a server for an agent. If the key is not empty, clients must send it
// as "Authorization: Bearer KEY" or as "api-key: KEY".
func New(agent realtimetest.Agent, key string) *Server {
	s := &Server{agent: agent, key: key, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /v1/models", s.models)
	s.mux.HandleFunc("POST /v1/chat/completions", s.chat)
	s.mux.HandleFunc("POST /v1/audio/speech", s.speech)
	s.mux.HandleFunc("POST /v1/audio/transcriptions", s.transcription)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "", fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path))
	})
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		refuse(w, http.StatusUnauthorized, "invalid_api_key", "", "Incorrect API key provided.")
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) authorized(r *http.Request) bool {
	if s.key == "" {
		return true
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return same(bearer, s.key) || same(r.Header.Get("api-key"), s.key)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"object": "list",
		"data":   []any{map[string]any{"id": Model, "object": "model", "created": 0, "owned_by": "practice"}},
	})
}

// answer sends a JSON object. Errors of writing are ignored: the client has gone.
func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// refuse sends an error in the form of OpenAI's API; param is the key of the request
// that is wrong, or "".
func refuse(w http.ResponseWriter, status int, code, param, message string) {
	kind := "invalid_request_error"
	if status >= http.StatusInternalServerError {
		kind = "server_error"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": message, "type": kind, "param": orNull(param), "code": code,
	}})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// breakdown answers a request for which the agent returned an error.
func breakdown(w http.ResponseWriter, err error) {
	refuse(w, http.StatusInternalServerError, "agent_failed", "", err.Error())
}

// readJSON decodes a request. If that fails it answers the client and returns false.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJSON))
	if err := decoder.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_json", "", "The request is not the JSON expected here: "+err.Error())
		return false
	}
	return true
}
