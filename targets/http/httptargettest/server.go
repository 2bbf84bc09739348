package httptargettest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Agent answers a conversation: the texts of the user so far, the last one being the
// present turn.
type Agent func(said []string) string

// Echo repeats everything that was said in the conversation.
func Echo(said []string) string { return "you said " + strings.Join(said, " then ") }

// Request is a request that the server received.
type Request struct {
	Method, Path, Query string
	Header              http.Header
	Body                []byte
}

// Server is a service with several interfaces. It is an [http.Handler].
type Server struct {
	agent  Agent
	faults []Fault
	mux    *http.ServeMux

	mu sync.Mutex
	// said is what was said in each conversation; sessions the CSRF token of each
	// login; jobs the reply of each job and how often it was asked for.
	said     map[string][]string
	sessions map[string]string
	jobs     map[string]*job
	received []Request
	answers  int
	closed   []string
	// arrived is closed at the first request.
	arrived chan struct{}
}

type job struct {
	text  string
	asked int
}

// The login of the web form.
const (
	User     = "tester"
	Password = `p@ss "word"`
)

// NewServer returns a server. Each fault concerns the n-th answer of the agent.
func NewServer(agent Agent, faults ...Fault) *Server {
	s := &Server{
		agent: agent, faults: faults, mux: http.NewServeMux(),
		said: map[string][]string{}, sessions: map[string]string{}, jobs: map[string]*job{},
		arrived: make(chan struct{}),
	}
	s.routes()
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	if len(s.received) == 0 {
		close(s.arrived)
	}
	s.received = append(s.received, Request{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Clone(), body})
	s.mu.Unlock()
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mux.ServeHTTP(w, r)
}

// Received returns the requests so far.
func (s *Server) Received() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Arrived is closed once a request has arrived.
func (s *Server) Arrived() <-chan struct{} { return s.arrived }

// Closed returns the conversations that were closed.
func (s *Server) Closed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.closed)
}

// answer lets the agent answer a turn of a conversation; "" is one without memory.
// It returns the number of the answer.
func (s *Server) answer(conversation string, said ...string) (string, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	if conversation != "" {
		said = append(s.said[conversation], said...)
		s.said[conversation] = said
	}
	return s.agent(said), s.answers
}

// newName returns a name that was not used before.
func (s *Server) newName(prefix string) string {
	return fmt.Sprintf("%s-%d", prefix, len(s.sessions)+len(s.jobs)+len(s.received))
}
