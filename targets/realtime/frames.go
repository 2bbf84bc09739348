package realtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxFrame bounds one server event in bytes.
	maxFrame = 32 << 20
	// writeTime is how long the service may take to accept one event.
	writeTime = 30 * time.Second
	// pings is how many are sent in the time in which one has to be answered.
	pings = 3
)

// postpone extends the read deadline of the connection, because something has
// arrived. Its argument is a pong's data.
func (s *socket) postpone(string) error { return s.conn.SetReadDeadline(time.Now().Add(s.alive)) }

// ping sends a ping: without it, a connection that was lost without a close
// frame would only be noticed by the next turn.
func (s *socket) ping() {
	if s.over() {
		return
	}
	_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.alive)) // the reader notices a failure
	s.pinging.Reset(s.alive / pings)
}

// read reads frames until the connection ends.
func (s *socket) read() {
	defer close(s.gone)
	defer s.pinging.Stop()
	put := time.Now() // when the deadline was last extended, which is too expensive for every frame
	for {
		kind, r, err := s.conn.NextReader()
		if err == nil {
			err = s.readFrame(kind, r)
		}
		if err != nil {
			s.err = err
			return
		}
		if s.came.Sub(put) > s.alive/10 {
			put = s.came
			_ = s.postpone("")
		}
	}
}

// readFrame reads a frame and passes its event on. maxFrame holds for what the frame is
// once it is unpacked: gorilla/websocket v1.5.3 unpacks what a service compresses, whether
// or not that was offered, and its own limit is one of packed bytes.
func (s *socket) readFrame(kind int, r io.Reader) error {
	frame := s.frames.get()
	defer s.frames.put(frame)
	var err error
	if *frame, err = appendAll(*frame, io.LimitReader(r, maxFrame+1)); err != nil {
		return err
	}
	if len(*frame) > maxFrame {
		return websocket.ErrReadLimit
	}
	s.came = time.Now()
	if kind == websocket.TextMessage {
		s.deliver(*frame)
	}
	return nil
}

// deliver passes on the event of a frame, and sends the reply to it that
// handOver returns.
func (s *socket) deliver(frame []byte) {
	s.event.came = s.came
	err := s.dialect.decode(frame, s.last, &s.event)
	if err == nil && s.event.ResponseID != "" {
		s.last = ids{s.event.ResponseID, s.event.ItemID}
	}
	if question := s.handOver(err); question != nil {
		s.sendFromReader(question)
	}
	s.event = serverEvent{} // release a large event
}

// sendFromReader sends an event from the reader's goroutine. await returns its
// error.
func (s *socket) sendFromReader(event any) {
	frame, err := s.encode(event)
	if err == nil && frame != nil {
		err = s.write(frame)
	}
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unsent = err
		s.wakeUp()
	}
}

func appendAll(buffer []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			grown := make([]byte, len(buffer), max(1<<10, 2*cap(buffer)))
			copy(grown, buffer)
			buffer = grown
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}

// send writes one event. A write that fails or is interrupted breaks the socket.
func (s *socket) send(ctx context.Context, event any) error {
	frame, err := s.encode(event)
	if err != nil || frame == nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	}
	// The library sets the connection's deadline anew for each fragment, so
	// that only closing the connection is certain to interrupt a write.
	stop := context.AfterFunc(ctx, func() { _ = s.conn.NetConn().Close() })
	defer stop()
	if err := s.write(frame); err != nil {
		return s.whyNotSent(ctx, err)
	}
	return nil
}

// encode returns the frame of an event; nil if the service has no such event.
func (s *socket) encode(event any) ([]byte, error) {
	frame, err := s.dialect.encode(event)
	if err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding an event: %w", err)
	}
	return frame, nil
}

func (s *socket) write(frame []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	return s.conn.WriteMessage(websocket.TextMessage, frame)
}

// whyNotSent explains a write that failed. An error event or close code of the
// service takes precedence over the network's error.
func (s *socket) whyNotSent(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	}
	// The library keeps no more of the network's error than this text.
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return core.Errorf(core.ErrorTimeout, "the service did not accept an event within %s", writeTime)
	}
	select {
	case <-s.gone:
		return s.lost()
	case <-time.After(closingTime):
		return core.Errorf(core.ErrorUnavailable, "the connection was lost: %w", err)
	}
}

// close sends a close frame, waits a moment for the service's, and returns when
// the reader has ended. It may be called more than once.
func (s *socket) close() {
	deadline := time.Now().Add(closingTime)
	goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := s.conn.WriteControl(websocket.CloseMessage, goodbye, deadline); err == nil {
		select {
		case <-s.gone:
		case <-time.After(closingTime):
		}
	}
	_ = s.conn.Close()
	<-s.gone
}
