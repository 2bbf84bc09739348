package realtimetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Options configure a [Server]. The zero value is a server without faults,
// limits or authentication.
type Options struct {
	// APIKey is required of clients, as "Authorization: Bearer KEY" or as
	// "api-key: KEY". Empty requires none.
	APIKey string
	// Ephemeral accepts ephemeral keys only. They are issued for the API key at
	// /v1/realtime/client_secrets, which also works without Ephemeral.
	Ephemeral bool
	// Faults apply to every connection. A client requests more with the query
	// parameter "fault", which may be repeated:
	// ws://127.0.0.1:8080/v1/realtime?model=m&fault=silence@2.
	Faults []Fault
	// Prompts are the stored prompts by their ids, with variables as {{name}}. A
	// session that names one has it as instructions, unless it has some itself. Nil
	// takes every id, without effect.
	Prompts map[string]string
	// Calls are the ids of calls that are running over WebRTC or SIP. A client joins
	// one with the query parameter call_id in place of model. It is sent no sound, which
	// goes to the call, and no session.created.
	Calls []string
	// MCP reaches the MCP servers that sessions name. Nil reaches none.
	MCP MCP
	// Allowance is the server's rate limit.
	Allowance Allowance
	// SessionLife is how long a session may last: then the server ends the
	// socket with the session_expired error. 0 means an hour.
	SessionLife time.Duration
	// Log receives events of the server, never the content of conversations.
	// Nil logs nothing.
	Log *slog.Logger
	// Observe is called with every text frame, before it is handled or after it
	// was sent; with those of one side of a connection in their order, which wait
	// for it. It must not keep or change the frame, and is called concurrently.
	// Nil observes nothing.
	Observe func(fromClient bool, frame []byte)
}

// Stats are the counters of a [Server].
type Stats struct {
	// Connections counts the websockets opened so far, Open those that are open
	// now.
	Connections, Open int
	// Turns counts the responses that ended as completed.
	Turns int
	// Responses counts the responses begun, ResponseCreates the response.create
	// events received: some of these are refused, and detected turns begin
	// responses without one.
	Responses, ResponseCreates int
	// Secrets counts the ephemeral keys issued.
	Secrets int
	// Refused counts the responses and connections above the allowance.
	Refused int
}

// Server answers Realtime clients. It is an [http.Handler] for the paths
// /v1/realtime and /v1/realtime/client_secrets, also below /openai.
type Server struct {
	agent     Agent
	options   Options
	log       *slog.Logger
	allowance *allowance

	connections, turns, responses, creates, minted atomic.Int64

	mu      sync.Mutex
	open    map[*conn]struct{}
	secrets map[string]secret // by their keys
	closed  bool
	wg      sync.WaitGroup
}

var _ http.Handler = (*Server)(nil)

// NewServer returns a server that answers with an agent. The caller has to
// close it.
func NewServer(agent Agent, o Options) *Server {
	log := o.Log
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.SessionLife == 0 {
		o.SessionLife = time.Hour
	}
	return &Server{agent: agent, options: o, log: log, allowance: newAllowance(o.Allowance), open: make(map[*conn]struct{}), secrets: make(map[string]secret)}
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Connections: int(s.connections.Load()),
		Open:        len(s.open),
		Turns:       int(s.turns.Load()),
		Responses:   int(s.responses.Load()), ResponseCreates: int(s.creates.Load()),
		Secrets: int(s.minted.Load()),
		Refused: int(s.allowance.refused.Load()),
	}
}

// Close ends all conversations and waits for all goroutines. New clients are
// answered with 503.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	open := make([]*conn, 0, len(s.open))
	for c := range s.open {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		c.closeWith(websocket.CloseGoingAway, "the server is shutting down")
	}
	s.wg.Wait()
	return nil
}

// ServeHTTP serves one websocket from its handshake to its end, or issues an
// ephemeral key.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, "/openai") {
	case "/v1/realtime":
		s.handshake(w, r)
	case "/v1/realtime/client_secrets":
		s.mint(w, r)
	default:
		refuse(w, http.StatusNotFound, "not_found", "The requested URL was not found: this server answers at /v1/realtime.")
	}
}

func (s *Server) handshake(w http.ResponseWriter, r *http.Request) {
	shown, ephemeral := s.secretOf(r)
	if !ephemeral && (s.options.Ephemeral || !s.hasKey(r)) {
		refuse(w, http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided.")
		return
	}
	faults, err := s.faultsOf(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_value", err.Error())
		return
	}
	call, intent := r.URL.Query().Get("call_id"), r.URL.Query().Get("intent")
	switch {
	case intent != "" && (intent != transcribing || r.URL.Query().Has("model") || call != ""):
		refuse(w, http.StatusBadRequest, "invalid_value", "The intent is 'transcription', without a model or call_id parameter.")
		return
	case intent != "":
		if shown.settings == nil {
			shown.settings = json.RawMessage(`{"type":"transcription"}`)
		}
		shown.model = defaultModel
	case call != "" && r.URL.Query().Has("model"):
		refuse(w, http.StatusBadRequest, "invalid_value", "You must provide either a model or a call_id parameter.")
		return
	case call != "" && !slices.Contains(s.options.Calls, call):
		refuse(w, http.StatusNotFound, "call_not_found", "No call with id '"+call+"' is running.")
		return
	case call != "":
		shown.model = defaultModel
	}
	shown.model = cmp.Or(r.URL.Query().Get("model"), shown.model)
	if shown.model == "" {
		refuse(w, http.StatusBadRequest, "missing_required_parameter", "You must provide a model parameter.")
		return
	}
	if s.allowance.Connections && !s.allowance.takes() {
		s.refuseForNow(w)
		return
	}
	number := int(s.connections.Add(1))
	if r, refused := handshakeFault(faults, number); refused {
		if r.after != "" {
			w.Header().Set("Retry-After", r.after)
		}
		refuse(w, r.status, r.code, r.message)
		return
	}
	s.serve(w, r, shown, number, faults)
}

func (s *Server) refuseForNow(w http.ResponseWriter) {
	if s.allowance.TellsWhen {
		w.Header().Set("Retry-After", "1")
	}
	refuse(w, http.StatusTooManyRequests, "rate_limit_exceeded", s.allowance.message())
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, shown secret, number int, faults []Fault) {
	own, problem := s.sessionOf(shown)
	if problem != nil {
		refuse(w, http.StatusBadRequest, problem.Code, problem.Message)
		return
	}
	upgrader := websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second,
		CheckOrigin:      func(*http.Request) bool { return true }, // browsers hold no credentials for the server
	}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.log.Info("handshake refused", "error", err)
		return
	}
	// The request's context ends with the handshake, not with the socket.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	c := newConn(s, socket, own, number, faults)
	c.inCall = r.URL.Query().Has("call_id")
	if !s.add(c) {
		c.drop()
		return
	}
	defer s.remove(c)
	s.log.Info("client connected", "connection", number, "model", shown.model)
	c.serve(ctx, cancel, r.Header.Get("OpenAI-Beta") != "")
	s.log.Info("client gone", "connection", number)
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	s.wg.Add(1)
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.wg.Done()
}

// hasKey reports whether the request has the API key, if one is required.
func (s *Server) hasKey(r *http.Request) bool {
	if s.options.APIKey == "" {
		return true
	}
	return bearer(r) == s.options.APIKey || r.Header.Get("api-key") == s.options.APIKey
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// faultsOf returns the server's faults and those that the client requests.
func (s *Server) faultsOf(r *http.Request) ([]Fault, error) {
	faults := slices.Clone(s.options.Faults)
	for _, wanted := range r.URL.Query()["fault"] {
		f, err := ParseFault(wanted)
		if err != nil {
			return nil, err
		}
		faults = append(faults, f)
	}
	return faults, nil
}

// refuse answers a handshake with an error in JSON, as the real services do.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, err := json.Marshal(fields{"error": fields{
		"type": "invalid_request_error", "code": code, "message": message, "param": nil,
	}})
	if err != nil {
		body = fmt.Appendf(nil, `{"error":{"code":%q}}`, code)
	}
	_, _ = w.Write(body) // an error means that the client is gone
}
