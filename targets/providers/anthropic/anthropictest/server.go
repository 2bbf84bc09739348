package anthropictest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Options configure a [Server]. The key comes as "x-api-key: KEY" or as
// "Authorization: Bearer KEY".
type Options = clienttest.Options

// Server answers at /v1/messages. It is an [http.Handler].
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
	case r.Method != http.MethodPost || r.URL.Path != "/v1/messages":
		refuse(w, http.StatusNotFound, errorBody("not_found_error", "Not found: "+r.Method+" "+r.URL.Path))
		return
	case !s.Admits(r, "X-Api-Key"):
		refuse(w, http.StatusUnauthorized, errorBody("authentication_error", "invalid x-api-key: "+r.Header.Get("X-Api-Key")))
		return
	case s.Redirected(w):
		return
	}
	body, err := s.Read(r)
	if err != nil {
		return // the client is gone
	}
	request := &Request{}
	wrong := parse(body, request)
	if r.Header.Get("Anthropic-Version") != "2023-06-01" {
		wrong = "anthropic-version: header is required"
	}
	if wrong != "" {
		refuse(w, http.StatusBadRequest, errorBody("invalid_request_error", wrong))
		return
	}
	s.answer(w, r, request, clienttest.Planned(&s.Front, behaviours))
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // an error means that the client is gone
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, request *Request, planned []behaviour) {
	answer := s.agent(request)
	var how writing
	for _, b := range planned {
		for name, value := range b.header {
			w.Header().Set(name, value)
		}
		if b.status != 0 {
			w.WriteHeader(b.status)
			_, _ = io.WriteString(w, b.body) // an error means that the client is gone
			return
		}
		if b.answer != nil {
			b.answer(&answer)
		}
		if b.write != (writing{}) {
			how = b.write
		}
	}
	message := answer.message(request)
	for _, b := range planned {
		if b.message != nil {
			b.message(message)
		}
	}
	how.write(w, r, request, message, planned)
}

// write writes a message.
func (how writing) write(w http.ResponseWriter, r *http.Request, request *Request, message object, planned []behaviour) {
	switch {
	case how.beforeHeaders:
		<-r.Context().Done()
	case request.Stream && !how.inOnePiece:
		all := events(message)
		for _, b := range planned {
			if b.events != nil {
				all = b.events(all)
			}
		}
		how.stream(w, r, all)
	default:
		how.piece(w, r, encode(message))
	}
}

// piece writes an answer in one piece.
func (how writing) piece(w http.ResponseWriter, r *http.Request, document []byte) {
	how.header(w, "application/json")
	if how.stop == 0 {
		_, _ = w.Write(document)
		return
	}
	place := bytes.Index(document, []byte(`"text":"`)) + len(`"text":"`) + 8 // in the middle of what is said
	_, _ = w.Write(document[:place])
	how.end(w, r)
}

func (how writing) header(w http.ResponseWriter, mediaType string) {
	switch how.mediaType {
	case "-":
		w.Header()["Content-Type"] = nil
	case "":
		w.Header().Set("Content-Type", mediaType)
	default:
		w.Header().Set("Content-Type", how.mediaType)
	}
}

// stream writes an answer in pieces.
func (how writing) stream(w http.ResponseWriter, r *http.Request, all []object) {
	how.header(w, "text/event-stream")
	line := "\n"
	if how.crlf {
		line = "\r\n"
	}
	flush := func() { _ = http.NewResponseController(w).Flush() }
	for i, e := range all {
		name := cmp.Or(e["event"], e["type"]) // "event" is no member of it
		delete(e, "event")
		data := string(encode(e))
		if how.stop > 0 && i == how.stop {
			if how.halfway {
				_, _ = fmt.Fprintf(w, "event: %s%sdata: %s", e["type"], line, data[:strings.Index(data, `"text":"`)+len(`"text":"`)+2])
			}
			flush()
			how.end(w, r)
			return
		}
		if how.slow {
			select {
			case <-r.Context().Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
		if how.comments {
			_, _ = io.WriteString(w, ": keep"+line+line+"id: 1"+line)
		}
		if e["oops"] != nil {
			data = "{oops"
		}
		if !how.nameless {
			_, _ = fmt.Fprintf(w, "event: %v%s", name, line)
		}
		_, _ = io.WriteString(w, "data: "+data+line+line)
		flush()
	}
}

// end ends an answer before its end.
func (how writing) end(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).Flush()
	switch {
	case how.stall:
		<-r.Context().Done()
	case how.drop:
		panic(http.ErrAbortHandler)
	}
}
