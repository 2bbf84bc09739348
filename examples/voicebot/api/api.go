package api

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Model is the name of the only model. Requests may name any other: the agent
// answers all of them.
const Model = "harbour-savings"

const (
	maxJSON  = 32 << 20 // bytes of a JSON request, which may contain audio in base64
	maxAudio = 25 << 20 // bytes of an upload, OpenAI's limit
)

// Options are the settings of a [Server]. The zero value demands no key, sets no limit
// and behaves well.
type Options struct {
	// APIKey is what clients must send as "Authorization: Bearer KEY", or in the header
	// api-key, x-api-key or x-goog-api-key; "" demands none.
	APIKey string
	// Faults are planned misbehaviours. Their turns count the requests for a reply.
	Faults []realtimetest.Fault
	// Allowance limits the requests for a reply.
	Allowance realtimetest.Allowance
}

// Server answers the paths below /v1, and the same below /openai as Azure does. It is
// an [http.Handler].
type Server struct {
	agent   realtimetest.Agent
	options Options
	faults  *fault.Plan
	limiter *rate.Limiter
	memory  memory
	mux     *http.ServeMux

	stop    chan struct{}
	stopped sync.Once
}

var _ http.Handler = (*Server)(nil)

// New returns a server for an agent. Call Stop before its connections are closed.
func New(agent realtimetest.Agent, options Options) *Server {
	s := &Server{
		agent: agent, options: options, faults: fault.NewPlan(options.Faults),
		limiter: fault.Limiter(options.Allowance.RequestsPerMinute), mux: http.NewServeMux(), stop: make(chan struct{}),
	}
	for path, handle := range map[string]http.HandlerFunc{
		"GET /v1/models":                s.models,
		"GET /v1/models/{model}":        s.model,
		"POST /v1/chat/completions":     s.chat,
		"POST /v1/responses":            s.respond,
		"GET /v1/responses/{id}":        s.recall,
		"DELETE /v1/responses/{id}":     s.forget,
		"POST /v1/audio/speech":         s.speech,
		"POST /v1/audio/transcriptions": s.transcription,
	} {
		s.mux.HandleFunc(path, handle)
		s.mux.HandleFunc(strings.Replace(path, " /", " /openai/", 1), handle)
	}
	s.mux.HandleFunc("POST /openai/deployments/{deployment}/chat/completions", s.chat)
	s.mux.HandleFunc("POST /v1/messages", s.messages)
	s.mux.HandleFunc("POST /v1beta/models/{call}", s.generate)
	s.mux.HandleFunc("POST /v1/models/{call}", s.generate) // as some of its SDKs have it
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "not_found", "", fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path))
	})
	return s
}

// Stop ends the replies that a fault holds back. It may be called again.
func (s *Server) Stop() { s.stopped.Do(func() { close(s.stop) }) }

// Replies returns the number of requests for a reply that were well-formed.
func (s *Server) Replies() int { return s.faults.Replies() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Request-Id", newID("req_"))
	switch {
	case s.authorized(r):
		s.mux.ServeHTTP(w, r)
	case r.URL.Path == "/v1/messages":
		refuseAnthropic(w, fault.Status{HTTP: http.StatusUnauthorized, Message: "invalid x-api-key"})
	case strings.HasPrefix(r.URL.Path, "/v1beta/"):
		refuseGemini(w, fault.Status{HTTP: http.StatusUnauthorized, Message: "API key not valid. Please pass a valid API key."})
	default:
		refuse(w, http.StatusUnauthorized, "invalid_api_key", "", "Incorrect API key provided.")
	}
}

func (s *Server) authorized(r *http.Request) bool {
	if s.options.APIKey == "" {
		return true
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, key := range []string{bearer, r.Header.Get("Api-Key"), r.Header.Get("X-Api-Key"), r.Header.Get("X-Goog-Api-Key")} {
		if same(key, s.options.APIKey) {
			return true
		}
	}
	return false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// admit counts a request for a reply. It returns what is planned to go wrong with the
// reply, or why the request is refused.
func (s *Server) admit(w http.ResponseWriter) (fault.Kind, *fault.Status) {
	allowed := s.limiter.Allow()
	if limit := s.options.Allowance; limit.RequestsPerMinute > 0 {
		next := time.Duration(float64(time.Second) / float64(s.limiter.Limit()))
		w.Header().Set("X-Ratelimit-Limit-Requests", strconv.Itoa(limit.RequestsPerMinute))
		w.Header().Set("X-Ratelimit-Remaining-Requests", strconv.Itoa(int(s.limiter.Tokens())))
		w.Header().Set("X-Ratelimit-Reset-Requests", next.Round(time.Millisecond).String())
		if !allowed {
			refusal := fault.Status{
				HTTP: http.StatusTooManyRequests, Type: "requests", Code: "rate_limit_exceeded",
				Message: fmt.Sprintf("Rate limit reached on requests per min (RPM): Limit %d.", limit.RequestsPerMinute),
			}
			if limit.TellsWhen {
				refusal.After = strconv.Itoa(int(next.Seconds()) + 1)
				refusal.Message += fmt.Sprintf(" Please try again in %s.", next.Round(time.Millisecond))
			}
			return "", &refusal
		}
	}
	kind := s.faults.Next()
	if status, refuses := fault.Refuses(kind); refuses {
		return kind, &status
	}
	return kind, nil
}

// admitOpenAI is admit with OpenAI's answers. It returns false where it has answered.
func (s *Server) admitOpenAI(w http.ResponseWriter) (fault.Kind, bool) {
	kind, refusal := s.admit(w)
	switch {
	case refusal != nil:
		refuseAs(w, *refusal, "", nil)
		return kind, false
	case kind == fault.PromptFilter:
		refuseAs(w, fault.Status{
			HTTP: http.StatusBadRequest, Code: "content_filter",
			Message: "The response was filtered due to the prompt triggering the content management policy. Please modify your prompt and retry.",
		}, "prompt", map[string]any{
			"status":     http.StatusBadRequest,
			"innererror": map[string]any{"code": "ResponsibleAIPolicyViolation", "content_filter_result": map[string]any{"jailbreak": map[string]any{"filtered": true, "detected": true}}},
		})
		return kind, false
	}
	return kind, true
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"object": "list", "data": []any{model(Model)}})
}

// model describes every model: the agent answers for all of them.
func (s *Server) model(w http.ResponseWriter, r *http.Request) {
	answer(w, model(r.PathValue("model")))
}

func model(id string) map[string]any {
	return map[string]any{"id": id, "object": "model", "created": 0, "owned_by": "practice"}
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
	refuseAs(w, fault.Status{HTTP: status, Type: kind, Code: code, Message: message}, param, nil)
}

// refuseAs sends an error with its type, and further keys.
func refuseAs(w http.ResponseWriter, status fault.Status, param string, more map[string]any) {
	if status.After != "" {
		w.Header().Set("Retry-After", status.After)
	}
	body := map[string]any{
		"message": status.Message, "type": orNull(status.Type), "param": orNull(param), "code": status.Code,
	}
	for key, value := range more {
		body[key] = value
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status.HTTP)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": body})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// fail answers a request that is wrong, or for which the agent returned an error.
func fail(w http.ResponseWriter, err error) {
	problem, ok := errors.AsType[*strict.Problem](err)
	switch {
	case !ok:
		refuse(w, http.StatusInternalServerError, "agent_failed", "", err.Error())
	case problem.Code == "request_too_large":
		refuse(w, http.StatusRequestEntityTooLarge, problem.Code, problem.Param, problem.Message)
	case problem.Code == notFound:
		refuse(w, http.StatusNotFound, problem.Code, problem.Param, problem.Message)
	default:
		refuse(w, http.StatusBadRequest, problem.Code, problem.Param, problem.Message)
	}
}

// notFound is the code of a problem whose status is 404.
const notFound = "not_found"

// newID returns an identifier that no other object has.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
