package eventstream

import (
	"bufio"
	"mime"
	"net/http"
	"sync"
	"sync/atomic"
)

// buffer is the size of the buffer through which a body is read, in bytes.
const buffer = 4 << 10

// Bodies reads the bodies of a service's answers, through buffers that later ones use
// again. It is safe for concurrent use. The zero value is ready.
type Bodies struct {
	buffers sync.Pool // of *bufio.Reader
	// wholly says that the service answers requests for a stream in one piece.
	wholly atomic.Bool
}

// Taker takes one answer.
type Taker struct {
	// Streamed says that a stream was asked for.
	Streamed bool
	// Warn is told, once for all answers of [Bodies], that it came in one piece all the
	// same.
	Warn func(format string, args ...any)
	// Stream takes a stream of events, Whole an answer in one piece.
	Stream, Whole func(body *bufio.Reader) error
}

// Read has a body taken as a stream of events or in one piece. Which of them it is, its
// beginning says: some servers answer a request for a stream in one piece, and some name
// no type, or a wrong one.
func (b *Bodies) Read(response *http.Response, t Taker) error {
	body, ok := b.buffers.Get().(*bufio.Reader)
	if !ok {
		body = bufio.NewReaderSize(nil, buffer)
	}
	body.Reset(response.Body)
	defer func() {
		body.Reset(nil)
		b.buffers.Put(body)
	}()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if Begins(body, kind) {
		return t.Stream(body)
	}
	if t.Streamed && b.wholly.CompareAndSwap(false, true) {
		t.Warn("the service answers in one piece, although a stream was asked for: the time to the first token is unknown")
	}
	return t.Whole(body)
}
