package geminitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Options configure a [Server]. The key comes as "x-goog-api-key: KEY" or as
// "Authorization: Bearer KEY", and never in an address.
type Options = clienttest.Options

// Server answers at every path that ends in a model and generateContent or
// streamGenerateContent. It is an [http.Handler].
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
	_, call, _ := strings.Cut(r.URL.Path, "/models/")
	model, method, _ := strings.Cut(call, ":")
	request := &Request{Model: model, Stream: method == "streamGenerateContent"}
	if r.Method != http.MethodPost || model == "" || strings.Contains(model, "/") || !request.Stream && method != "generateContent" {
		refuse(w, http.StatusNotFound, errorBody(404, "NOT_FOUND", fmt.Sprintf("no such method: %s %s", r.Method, r.URL.Path)))
		return
	}
	if !s.Admits(r, "X-Goog-Api-Key") {
		refuse(w, http.StatusBadRequest, errorBody(400, "INVALID_ARGUMENT", "API key not valid: "+r.Header.Get("X-Goog-Api-Key"),
			object{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}))
		return
	}
	if s.Redirected(w) {
		return
	}
	body, err := s.Read(r)
	if err != nil {
		return // the client is gone
	}
	wrong := parse(body, request)
	if request.Stream && r.URL.Query().Get("alt") != "sse" {
		wrong = "this server streams with alt=sse only"
	}
	if wrong != "" {
		refuse(w, http.StatusBadRequest, errorBody(400, "INVALID_ARGUMENT", wrong))
		return
	}
	s.answer(w, r, request, s.behaviours(request))
}

// behaviours are those of the next turn, which this counts.
func (s *Server) behaviours(request *Request) []behaviour {
	return slices.DeleteFunc(clienttest.Planned(&s.Front, behaviours), func(b behaviour) bool { return b.applies != nil && !b.applies(request) })
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // an error means that the client is gone
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, request *Request, planned []behaviour) {
	answer := s.agent(request)
	how := writing{mediaType: "application/json; charset=UTF-8"}
	if request.Stream {
		how.mediaType = "text/event-stream"
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
			if b.write.mediaType == "" {
				b.write.mediaType = how.mediaType
			}
			how = b.write
		}
	}
	documents := []object{answer.whole(request)}
	if request.Stream {
		documents = answer.events(request)
	}
	for _, b := range planned {
		if b.change != nil {
			documents = b.change(request, documents)
		}
	}
	switch {
	case how.beforeHeaders:
		<-r.Context().Done()
	case how.list:
		how.piece(w, r, encode(documents))
	case request.Stream && !how.inOnePiece:
		how.stream(w, r, documents)
	case request.Stream:
		how.piece(w, r, encode(answer.whole(request)))
	default:
		how.piece(w, r, encode(documents[0]))
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
	switch {
	case how.mediaType == "-":
		w.Header()["Content-Type"] = nil
		return
	case how.inOnePiece || how.list:
	default:
		mediaType = how.mediaType
	}
	w.Header().Set("Content-Type", mediaType)
}

// stream writes an answer in pieces.
func (how writing) stream(w http.ResponseWriter, r *http.Request, events []object) {
	how.header(w, "")
	line := "\n"
	if how.crlf {
		line = "\r\n"
	}
	flush := func() { _ = http.NewResponseController(w).Flush() }
	for i, e := range events {
		if r.Context().Err() != nil {
			return // the client is gone
		}
		if how.stop > 0 && i == how.stop {
			if how.halfway {
				half := encode(e)
				_, _ = fmt.Fprintf(w, "data: %s", half[:bytes.Index(half, []byte(`"text":"`))+len(`"text":"`)+2])
			}
			flush()
			how.end(w, r)
			return
		}
		if how.slow {
			select {
			case <-r.Context().Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
		if how.comments {
			_, _ = io.WriteString(w, ": keep"+line+line+"id: 1"+line)
		}
		name := nameLine(e, line)
		data := string(encode(e))
		if e["oops"] != nil {
			data = "{oops"
		}
		_, _ = io.WriteString(w, name+"data: "+data+line+line)
		flush()
	}
	if how.done {
		_, _ = io.WriteString(w, "data: [DONE]"+line+line)
	}
}

// nameLine is the line with an event's name; "" for none. The name is no member of it.
func nameLine(e object, end string) string {
	name, ok := e["event"].(string)
	delete(e, "event")
	if !ok {
		return ""
	}
	return "event: " + name + end
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
