package eventstream

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Watch ends a stream in which no line comes for too long.
type Watch struct {
	quiet   core.Duration
	timer   *time.Timer
	isQuiet chan struct{}
}

// NewWatch returns the watch over a stream, whose body it closes after the time
// without an event. The watch has to be stopped.
func NewWatch(body io.Closer, quiet core.Duration) *Watch {
	w := &Watch{quiet: quiet, isQuiet: make(chan struct{})}
	var once sync.Once
	w.timer = time.AfterFunc(quiet.Std(), func() {
		once.Do(func() { close(w.isQuiet) })
		_ = body.Close() // the read that waits fails
	})
	return w
}

// Stop ends the watch.
func (w *Watch) Stop() { w.timer.Stop() }

// drainTime is how long the end of a stream may take after its last event.
const drainTime = 500 * time.Millisecond

// Drain reads the end of a stream whose last event has come, so that its connection can
// be used again. It gives up where there is more, or no end for half a second.
func (w *Watch) Drain(r io.Reader) {
	w.timer.Reset(drainTime)
	_, _ = io.CopyN(io.Discard, r, buffer)
}

// Next returns the reader's next event, or its error; of a stream that was silent
// for too long, an error that says so.
func (w *Watch) Next(ctx context.Context, r *Reader) (Event, error) {
	r.alive = w.alive
	event, err := r.Next()
	if ctx.Err() == nil && w.wasQuiet() {
		return Event{}, core.Errorf(core.ErrorTimeout, "the stream was silent for %s (timeouts.quiet)", w.quiet).About(core.SubjectAnswer)
	}
	w.alive()
	return event, err
}

// alive says that something came, which need not be an event: servers send comments
// while the model thinks.
func (w *Watch) alive() { w.timer.Reset(w.quiet.Std()) }

func (w *Watch) wasQuiet() bool {
	select {
	case <-w.isQuiet:
		return true
	default:
		return false
	}
}

// Begins reports whether a body is a stream of events, by its beginning, and by its
// media type where the beginning does not say: some servers answer a request for a
// stream in one piece, and some name no type, or a wrong one. It consumes nothing.
func Begins(body *bufio.Reader, mediaType string) bool {
	for n := 1; n <= 64; n++ {
		start, err := body.Peek(n)
		if err != nil {
			return mediaType == "text/event-stream"
		}
		switch c := start[n-1]; {
		case bytes.IndexByte([]byte(" \t\r\n\xEF\xBB\xBF"), c) >= 0:
			continue
		case c == '{' || c == '[' || c == '"' || c == '<':
			return false
		default:
			if mediaType == "text/event-stream" {
				return true
			}
			line, _ := body.Peek(n + 6)
			line = line[n-1:]
			return startsLine(line)
		}
	}
	return mediaType == "text/event-stream"
}

// startsLine reports whether a text is the beginning of a line of a stream.
func startsLine(line []byte) bool {
	for _, field := range []string{":", "data:", "event:", "id:", "retry:"} {
		if bytes.HasPrefix(line, []byte(field)) {
			return true
		}
	}
	return false
}
