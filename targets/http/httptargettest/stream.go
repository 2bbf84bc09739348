package httptargettest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// stream answers with server-sent events: a piece for each word, then [DONE].
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	s.pieces(w, r, "text/event-stream", func(piece string) string { return "data: " + piece + "\n\n" }, "data: [DONE]\n\n")
}

// lines answers with lines of JSON, the last of which has done.
func (s *Server) lines(w http.ResponseWriter, r *http.Request) {
	s.pieces(w, r, "application/x-ndjson", func(piece string) string { return piece + "\n" }, `{"done":true,"eval_count":3}`+"\n")
}

func (s *Server) pieces(w http.ResponseWriter, r *http.Request, contentType string, framed func(string) string, end string) {
	var request struct{ Message string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		problem(w, http.StatusUnprocessableEntity, "no JSON")
		return
	}
	text, n := s.answer("", request.Message)
	if s.misbehaves(w, r, n, text) {
		return
	}
	w.Header().Set("Content-Type", contentType)
	send := func(piece string) {
		_, _ = io.WriteString(w, piece)
		_ = http.NewResponseController(w).Flush()
	}
	has := func(kind FaultKind) bool { return at(s.faults, kind, n) }
	if has(Carriage) {
		plain := framed
		framed = func(piece string) string {
			return strings.ReplaceAll(": a comment\nid: 7\nretry: 10\nevent: piece\nunknown\n"+plain(piece), "\n", "\r\n")
		}
	}
	for i, word := range strings.SplitAfter(text, " ") {
		piece, _ := json.Marshal(map[string]any{"delta": word}) // strings encode
		whole := framed(string(piece))
		switch {
		case i == 1 && has(CutStream):
			send(whole[:len(whole)/2])
			panic(http.ErrAbortHandler)
		case i == 1 && has(CutEvent):
			send(whole[:len(whole)/2])
			return
		case i == 1 && s.lastWords(n, string(piece), framed) != "":
			send(s.lastWords(n, string(piece), framed))
			return
		case i == 1 && has(HangingStream):
			<-r.Context().Done()
			return
		}
		send(whole)
	}
	if !has(NoEnd) {
		send(fmt.Sprint(end))
	}
}

// lastWords is what ends the n-th answer in place of a piece, as a fault says; "" for
// none.
func (s *Server) lastWords(n int, piece string, framed func(string) string) string {
	switch {
	case at(s.faults, StreamError, n):
		return framed(`{"error":{"message":"the model stopped"}}`)
	case at(s.faults, StreamFilter, n):
		return framed(`{"filtered":true}`)
	case at(s.faults, ErrorEvent, n):
		return "event: error\n" + framed(`{"message":"the model stopped"}`)
	case at(s.faults, CutPiece, n):
		return framed(piece[:len(piece)/2])
	}
	return ""
}
