package responsestest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Options configure a [Server]. The key comes as "Authorization: Bearer KEY" or as
// "api-key: KEY".
type Options = clienttest.Options

// Server answers at every path that ends in /responses. It is an [http.Handler].
type Server struct {
	clienttest.Front
	agent Agent
}

// NewServer returns a server that answers with an agent; nil is [Echo].
func NewServer(agent Agent, o Options) *Server {
	if agent == nil {
		agent = Echo
	}
	return &Server{Front: clienttest.NewFront(o), agent: agent}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasSuffix(r.URL.Path, "/responses") || strings.Count(r.URL.Path, "/responses") > 1 || r.Method != http.MethodPost:
		refuse(w, http.StatusNotFound, errorBody("", "", fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path)))
		return
	case !s.Admits(r, "Api-Key"):
		refuse(w, http.StatusUnauthorized, errorBody("invalid_api_key", "", "Incorrect API key provided: "+r.Header.Get("Authorization")))
		return
	}
	if s.Redirected(w) {
		return
	}
	body, err := s.Read(r)
	if err != nil {
		return // the client is gone
	}
	request := &Request{}
	if err := json.Unmarshal(body, request); err != nil {
		refuse(w, http.StatusBadRequest, errorBody("", "", "We could not parse the JSON body of your request: "+err.Error()))
		return
	}
	if wrong := request.check(); wrong != "" {
		refuse(w, http.StatusBadRequest, errorBody("", "input", wrong))
		return
	}
	s.answer(w, r, request, s.behaviours(request))
}

// behaviours are those of the next turn, which this counts.
func (s *Server) behaviours(request *Request) []behaviour {
	return slices.DeleteFunc(clienttest.Planned(&s.Front, behaviours), func(b behaviour) bool { return b.applies != nil && !b.applies(request) })
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, request *Request, planned []behaviour) {
	w.Header().Set("X-Ratelimit-Limit-Requests", "500")
	w.Header().Set("X-Ratelimit-Remaining-Requests", "499")
	end := whole(request, "completed", s.agent(request))
	how := behaviour{}
	for _, b := range planned {
		if b.status != 0 {
			for name, value := range b.header {
				w.Header().Set(name, value)
			}
			refuse(w, b.status, b.body)
			return
		}
		if b.whole != nil {
			b.whole(end)
		}
		how = b
	}
	if !request.Stream || how.inOnePiece {
		how.piece(w, r, encode(end))
		return
	}
	all := events(request, end)
	for _, b := range planned {
		if b.events != nil {
			all = b.events(all)
		}
	}
	how.stream(w, r, all)
}

func refuse(w http.ResponseWriter, status int, body string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // an error means that the client is gone
}

// piece writes an answer in one piece.
func (b behaviour) piece(w http.ResponseWriter, r *http.Request, document []byte) {
	w.Header().Set("Content-Type", "application/json")
	if b.stop > 0 { // in the middle of what is said
		place := bytes.Index(document, []byte(`"text":"`)) + len(`"text":"`) + 8
		_, _ = w.Write(document[:place])
		b.end(w, r)
		return
	}
	_, _ = w.Write(document)
}

// stream writes an answer in pieces.
func (b behaviour) stream(w http.ResponseWriter, r *http.Request, all []Object) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for i, e := range all {
		if b.stop > 0 && i == b.stop {
			if b.halfway {
				half := encode(e)
				place := bytes.Index(half, []byte(`"delta":"`))
				_, _ = fmt.Fprintf(w, "data: {\"type\":\"response.output_text.delta\",%s", half[place:place+len(`"delta":"`)+2])
			}
			b.end(w, r)
			return
		}
		if text, ok := e["oops"].(string); ok {
			_, _ = io.WriteString(w, "data: "+text+"\n\n")
			continue
		}
		e["sequence_number"] = i
		_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e["type"], encode(e))
		_ = http.NewResponseController(w).Flush()
	}
}

// end ends an answer before its end.
func (b behaviour) end(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).Flush()
	switch {
	case b.stall:
		<-r.Context().Done()
	case b.drop:
		panic(http.ErrAbortHandler)
	}
}
