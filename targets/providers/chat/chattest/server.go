package chattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Options configure a [Server]. The key comes as "Authorization: Bearer KEY" or as
// "api-key: KEY".
type Options = clienttest.Options

// Server answers at every path that ends in /chat/completions. It is an
// [http.Handler].
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
	if !strings.HasSuffix(r.URL.Path, "/chat/completions") || strings.Count(r.URL.Path, "/chat/completions") > 1 || r.Method != http.MethodPost {
		refuse(w, http.StatusNotFound, errorBody("invalid_request_error", "", "", fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path)))
		return
	}
	if !s.Admits(r, "Api-Key") {
		refuse(w, http.StatusUnauthorized, errorBody("invalid_request_error", "invalid_api_key", "", "Incorrect API key provided: "+r.Header.Get("Authorization")))
		return
	}
	if s.Redirected(w) {
		return
	}
	body, err := s.Read(r)
	if err != nil {
		return // the client is gone
	}
	request := &Request{Raw: body}
	if err := json.Unmarshal(body, request); err != nil {
		refuse(w, http.StatusBadRequest, errorBody("invalid_request_error", "", "", "We could not parse the JSON body of your request."))
		return
	}
	if wrong := request.check(); wrong != "" {
		refuse(w, http.StatusBadRequest, errorBody("invalid_request_error", "", "messages", wrong))
		return
	}
	s.answer(w, r, request, s.behaviours(request))
}

// behaviours are those of the next turn, which this counts.
func (s *Server) behaviours(request *Request) []behaviour {
	return slices.DeleteFunc(clienttest.Planned(&s.Front, behaviours), func(b behaviour) bool { return b.applies != nil && !b.applies(request) })
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // an error means that the client is gone
}

// limits are what the server says of its limits.
func limits(h http.Header) {
	for name, value := range map[string]string{
		"limit-requests": "500", "remaining-requests": "499", "reset-requests": "120ms",
		"limit-tokens": "30000", "remaining-tokens": "29000", "reset-tokens": "6m0s",
	} {
		h.Set("X-Ratelimit-"+name, value)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, request *Request, planned []behaviour) {
	limits(w.Header())
	answer := s.agent(request)
	how := writing{mediaType: "application/json"}
	if request.Stream {
		how.mediaType = "text/event-stream; charset=utf-8"
	}
	for _, b := range planned {
		if b.status != 0 {
			b.refuse(w)
			return
		}
		if b.answer != nil {
			b.answer(&answer)
		}
		if b.write != (writing{}) {
			b.write.mediaType = orElse(b.write.mediaType, how.mediaType)
			how = b.write
		}
	}
	switch {
	case how.beforeHeaders:
		<-r.Context().Done()
	case request.Stream && !how.inOnePiece:
		how.stream(w, r, eventsOf(answer, request, planned))
	default:
		how.piece(w, r, encode(wholeOf(answer, request, planned)))
	}
}

// refuse writes the response in place of an answer.
func (b behaviour) refuse(w http.ResponseWriter) {
	for name, value := range b.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(b.status)
	_, _ = io.WriteString(w, b.body) // an error means that the client is gone
}

func eventsOf(a Answer, r *Request, planned []behaviour) []object {
	events := a.events(r)
	for _, b := range planned {
		if b.events != nil {
			events = b.events(r, events)
		}
	}
	return events
}

func wholeOf(a Answer, r *Request, planned []behaviour) object {
	document := a.whole(r)
	for _, b := range planned {
		if b.whole != nil {
			b.whole(document)
		}
	}
	return document
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (how writing) header(w http.ResponseWriter) {
	if how.mediaType == "-" {
		w.Header()["Content-Type"] = nil
		return
	}
	w.Header().Set("Content-Type", how.mediaType)
}

// piece writes an answer in one piece.
func (how writing) piece(w http.ResponseWriter, r *http.Request, document []byte) {
	if how.inOnePiece {
		how.mediaType = "application/json"
	}
	how.header(w)
	if how.stop > 0 { // in the middle of what is said
		place := bytes.Index(document, []byte(`"content":"`)) + len(`"content":"`) + 8
		_, _ = w.Write(document[:place])
		how.end(w, r)
		return
	}
	_, _ = w.Write(document)
}

// stream writes an answer in pieces.
func (how writing) stream(w http.ResponseWriter, r *http.Request, events []object) {
	how.header(w)
	line := "\n"
	if how.crlf {
		line = "\r\n"
	}
	flush := func() { _ = http.NewResponseController(w).Flush() }
	for i, e := range events {
		if how.stop > 0 && i == how.stop {
			if how.halfway {
				half := encode(e)
				place := bytes.Index(half, []byte(`"content":"`))
				_, _ = fmt.Fprintf(w, "data: %s", half[:place+len(`"content":"`)+2])
			}
			flush()
			how.end(w, r)
			return
		}
		if how.raw != "" && i == len(events)/2 {
			_, _ = io.WriteString(w, how.raw+line+line)
		}
		how.before(w, r, i, line)
		if e["oops"] != nil {
			_, _ = io.WriteString(w, "data: {oops"+line+line)
			continue
		}
		_, _ = io.WriteString(w, "data: "+string(encode(e))+line+line)
		flush()
	}
	if !how.noDone {
		_, _ = io.WriteString(w, "data: [DONE]"+line+line)
	}
}

// before writes what comes before an event, or waits.
func (how writing) before(w http.ResponseWriter, r *http.Request, i int, line string) {
	if how.ids {
		_, _ = fmt.Fprintf(w, "id: %d%s", i, line)
	}
	if how.slow {
		select {
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	for n := 0; how.keepAlive && i == 2 && n < 5; n++ {
		_, _ = io.WriteString(w, ": keep-alive"+line+line)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	if how.comments {
		_, _ = io.WriteString(w, ": PROCESSING"+line+line+"id: 1"+line+"retry: 10"+line)
	}
}

// end ends an answer before its end.
func (how writing) end(w http.ResponseWriter, r *http.Request) {
	switch {
	case how.stall:
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case how.drop:
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
