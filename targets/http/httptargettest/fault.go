package httptargettest

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// FaultKind is a kind of misbehaviour of a service.
type FaultKind string

// The faults. Each concerns an answer of the agent.
const (
	// RateLimited answers with 429 and "Retry-After: 2".
	RateLimited FaultKind = "rate-limited"
	// Busy answers with 503 and "Retry-After: 2".
	Busy FaultKind = "busy"
	// ServerError answers with 500 and a page in HTML.
	ServerError FaultKind = "server-error"
	// Unauthorized answers with 401.
	Unauthorized FaultKind = "unauthorized"
	// Filtered answers with 403 and {"code": "filtered"}.
	Filtered FaultKind = "filtered"
	// ErrorInside answers with 200 and an error object.
	ErrorInside FaultKind = "error-inside"
	// LimitInside answers with 200 and {"status": "throttled"}.
	LimitInside FaultKind = "limit-inside"
	// NullAnswer answers with {"answer": null}.
	NullAnswer FaultKind = "null-answer"
	// NoAnswer answers with {}.
	NoAnswer FaultKind = "no-answer"
	// NumberAnswer answers with {"answer": 42}.
	NumberAnswer FaultKind = "number-answer"
	// ListAnswer answers with {"answer": ["one", "two"]}.
	ListAnswer FaultKind = "list-answer"
	// InvisibleAnswer answers with a text of which nothing can be seen.
	InvisibleAnswer FaultKind = "invisible-answer"
	// EmptyAnswer answers with {"answer": ""}.
	EmptyAnswer FaultKind = "empty-answer"
	// EmptyBody answers with 200 and nothing.
	EmptyBody FaultKind = "empty-body"
	// WebPage answers with 200 and a page in HTML.
	WebPage FaultKind = "web-page"
	// CutBody closes the connection after half of the answer.
	CutBody FaultKind = "cut-body"
	// Unframed ends the answer by closing the connection, without a length.
	Unframed FaultKind = "unframed"
	// Hangs answers with nothing until the client has gone.
	Hangs FaultKind = "hangs"
	// HugeAnswer answers with 3 MiB.
	HugeAnswer FaultKind = "huge-answer"
	// Latin1 answers in ISO-8859-1, with the same text in plain.
	Latin1 FaultKind = "latin1"
	// UnknownCharset answers in a charset that nobody knows.
	UnknownCharset FaultKind = "unknown-charset"
	// Zipped answers in gzip.
	Zipped FaultKind = "zipped"
	// Deflated answers in deflate, in the form of zlib; DeflatedBare without it.
	Deflated     FaultKind = "deflated"
	DeflatedBare FaultKind = "deflated-bare"
	// ZippedOldName answers in gzip, and calls it x-gzip.
	ZippedOldName FaultKind = "zipped-old-name"
	// PackedOddly says that the answer is packed in a way that nobody asked for.
	PackedOddly FaultKind = "packed-oddly"
	// BusyPackedOddly does so with 503.
	BusyPackedOddly FaultKind = "busy-packed-oddly"
	// LimitedMillis answers with 429 and "Retry-After-Ms: 1500".
	LimitedMillis FaultKind = "limited-millis"
	// NoContent answers with 204.
	NoContent FaultKind = "no-content"
	// PartialData answers as GraphQL does where a part of the data failed.
	PartialData FaultKind = "partial-data"
	// WrongType says text/plain of a JSON answer.
	WrongType FaultKind = "wrong-type"
	// TruncatedAnswer says that a limit cut the answer off.
	TruncatedAnswer FaultKind = "truncated-answer"
	// ProxyRefuses answers as the proxy that holds plugins to the scope does for a host
	// that is not in it.
	ProxyRefuses FaultKind = "proxy-refuses"
	// DropsConnection closes the connection without an answer.
	DropsConnection FaultKind = "drops-connection"
)

// Faults of a stream.
const (
	// NoEnd ends the stream without the piece that ends it.
	NoEnd FaultKind = "no-end"
	// CutStream closes the connection in the middle of a piece.
	CutStream FaultKind = "cut-stream"
	// CutEvent ends the stream in the middle of a piece, as HTTP ends an answer.
	CutEvent FaultKind = "cut-event"
	// StreamError sends an error after the first piece.
	StreamError FaultKind = "stream-error"
	// ErrorEvent sends an event "error" after the first piece, whose data is no error
	// object.
	ErrorEvent FaultKind = "error-event"
	// CutPiece sends half a piece as a whole one, and nothing more.
	CutPiece FaultKind = "cut-piece"
	// StreamFilter sends a piece that says that a filter stopped it.
	StreamFilter FaultKind = "stream-filter"
	// Carriage ends lines with CR LF, and sends comments and fields that nobody knows.
	Carriage FaultKind = "carriage"
	// NoStream answers with one JSON document in place of a stream.
	NoStream FaultKind = "no-stream"
	// HangingStream sends the first piece, and nothing more.
	HangingStream FaultKind = "hanging-stream"
)

// Faults of a job.
const (
	// JobFailed answers with 500 when the job is asked for.
	JobFailed FaultKind = "job-failed"
	// JobStuck never ends the job.
	JobStuck FaultKind = "job-stuck"
	// JobLimited refuses the first time that the job is asked for with 429.
	JobLimited FaultKind = "job-limited"
)

// Fault is a fault of the n-th answer, from 1; 0 is every one.
type Fault struct {
	Kind FaultKind
	N    int
}

// at reports whether a fault is planned for the n-th answer.
func at(faults []Fault, kind FaultKind, n int) bool {
	for _, f := range faults {
		if f.Kind == kind && (f.N == 0 || f.N == n) {
			return true
		}
	}
	return false
}

// write writes the n-th answer of the JSON interfaces.
func (s *Server) write(w http.ResponseWriter, r *http.Request, n int, text string) {
	if s.misbehaves(w, r, n, text) {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"answer": text, "usage": map[string]any{"in": 7, "out": len(strings.Fields(text))}, "finish": "stop"})
}

// misbehaves answers as a fault that is planned says; false if none is.
func (s *Server) misbehaves(w http.ResponseWriter, r *http.Request, n int, text string) bool {
	for _, f := range s.faults {
		if !at([]Fault{f}, f.Kind, n) {
			continue
		}
		if plain, ok := documents()[f.Kind]; ok {
			writeDocument(w, plain)
			return true
		}
		if s.disturbs(w, r, f.Kind, text) {
			return true
		}
	}
	return false
}

// document is an answer that is always the same.
type document struct {
	status      int
	contentType string
	body        string
	after       string // the Retry-After header; "" for none
}

func documents() map[FaultKind]document {
	const (
		asJSON = "application/json"
		asHTML = "text/html; charset=utf-8"
	)
	return map[FaultKind]document{
		RateLimited:     {http.StatusTooManyRequests, asJSON, `{"error":{"message":"slow down","code":"limit"}}`, "2"},
		Busy:            {http.StatusServiceUnavailable, asJSON, `{"detail":"being deployed"}`, "2"},
		ServerError:     {http.StatusInternalServerError, asHTML, `<html><head><title>Internal Server Error</title></head><body>trace</body></html>`, ""},
		Unauthorized:    {http.StatusUnauthorized, asJSON, `{"detail":"token has expired"}`, ""},
		Filtered:        {http.StatusForbidden, asJSON, `{"code":"filtered","message":"the prompt breaks the policy"}`, ""},
		ErrorInside:     {http.StatusOK, asJSON, `{"answer":"","error":{"message":"the model is overloaded"}}`, ""},
		LimitInside:     {http.StatusOK, asJSON, `{"status":"throttled","message":"come back later"}`, "3"},
		NullAnswer:      {http.StatusOK, asJSON, `{"answer":null,"message":"nothing to say"}`, ""},
		NoAnswer:        {http.StatusOK, asJSON, `{}`, ""},
		NumberAnswer:    {http.StatusOK, asJSON, `{"answer":42}`, ""},
		ListAnswer:      {http.StatusOK, asJSON, `{"answer":["one","two"]}`, ""},
		InvisibleAnswer: {http.StatusOK, asJSON, `{"answer":"\u200b \ufeff"}`, ""},
		EmptyAnswer:     {http.StatusOK, asJSON, `{"answer":""}`, ""},
		EmptyBody:       {http.StatusOK, asJSON, ``, ""},
		WebPage:         {http.StatusOK, asHTML, `<html><head><title>Sign in</title></head><body>Please sign in.</body></html>`, ""},
		Latin1:          {http.StatusOK, "text/plain; charset=ISO-8859-1", "caf\xe9 \x80", ""},
		UnknownCharset:  {http.StatusOK, "text/plain; charset=x-klingon", "caf\xe9", ""},
		TruncatedAnswer: {http.StatusOK, asJSON, `{"answer":"the code is","finish":"length"}`, ""},
		NoStream:        {http.StatusOK, asJSON, `{"message":"streams are switched off"}`, ""},
		PartialData:     {http.StatusOK, asJSON, `{"answer":"one","data":{"ask":null},"errors":[{"message":"a part failed"}]}`, ""},
		HugeAnswer:      {http.StatusOK, "text/plain", strings.Repeat("long ", 600_000), ""},
	}
}

func writeDocument(w http.ResponseWriter, d document) {
	w.Header().Set("Content-Type", d.contentType)
	if d.after != "" {
		w.Header().Set("Retry-After", d.after)
	}
	w.WriteHeader(d.status)
	_, _ = io.WriteString(w, d.body)
}

// writePacked answers with a body that is packed as a fault says; false for any other.
func writePacked(w http.ResponseWriter, kind FaultKind, body string) bool {
	encoding, isPacked := map[FaultKind]string{
		Zipped: "gzip", ZippedOldName: "x-gzip", Deflated: "deflate", DeflatedBare: "deflate", PackedOddly: "br", BusyPackedOddly: "br",
	}[kind]
	if !isPacked {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", encoding)
	if kind == BusyPackedOddly {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	var packer io.WriteCloser
	switch {
	case kind == Deflated:
		packer = zlib.NewWriter(w)
	case kind == DeflatedBare:
		packer, _ = flate.NewWriter(w, flate.BestSpeed) // the level is one that there is
	case encoding == "br":
		_, _ = io.WriteString(w, "\x8b\x08\x80\x03")
		return true
	default:
		packer = gzip.NewWriter(w)
	}
	_, _ = io.WriteString(packer, body)
	_ = packer.Close()
	return true
}

// disturbs answers with a fault of the connection or of the framing.
func (s *Server) disturbs(w http.ResponseWriter, r *http.Request, kind FaultKind, text string) bool {
	body := fmt.Sprintf(`{"answer":%s}`, strconv.QuoteToASCII(text))
	switch kind {
	case CutBody:
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(2*len(text)))
		_, _ = io.WriteString(w, text) //nolint:gosec // plain text for a test
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case ProxyRefuses:
		w.Header().Set("Proxy-Status", "orchestrator-egress; error=http_request_denied")
		http.Error(w, "bot.example is not in scope.hosts", http.StatusForbidden)
	case DropsConnection:
		panic(http.ErrAbortHandler)
	case Unframed:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return false
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"+text)
		_ = conn.Close()
	case Hangs:
		<-r.Context().Done()
	case LimitedMillis:
		w.Header().Set("Retry-After-Ms", "1500")
		w.WriteHeader(http.StatusTooManyRequests)
	case NoContent:
		w.WriteHeader(http.StatusNoContent)
	case WrongType:
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body) //nolint:gosec // plain text for a test
	default:
		return writePacked(w, kind, body)
	}
	return true
}
