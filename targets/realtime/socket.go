package realtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxFrame bounds one server event in bytes.
	maxFrame = 32 << 20
	// buffers is how many frames may be on their way from the reader to the
	// turn: one being read while the other is looked at.
	buffers = 2
	// keptBuffer is the largest buffer, in bytes, that an idle socket keeps.
	keptBuffer = 16 << 10
	// writeTime is how long the service may take to accept one event.
	writeTime = 30 * time.Second
)

// errExpired says that nothing came by the deadline of [socket.next].
var errExpired = errors.New("nothing came in time")

// socket carries frames. One goroutine reads for as long as the socket lives,
// because a websocket whose read was interrupted is broken for good; deadlines
// are kept outside it, by [socket.next]. Between turns frames are dropped as
// they come, so that pings are answered and a closed connection is noticed.
//
// Its methods are called by one goroutine at a time.
type socket struct {
	conn    *websocket.Conn
	dialect dialect
	timer   *time.Timer
	alive   time.Duration // how long a ping may remain unanswered
	pinging *time.Timer

	frames chan []byte   // read, waiting for next; closed at the end
	free   chan []byte   // buffers to read into
	gone   chan struct{} // closed when the reader has ended
	err    error         // why the reader ended; set before frames is closed
	lent   []byte        // the buffer behind the last frame of next

	mu        sync.Mutex
	listening bool
	// lastError is an error event that came while nobody listened.
	lastError *serviceError
}

// pings is how many are sent in the time in which one has to be answered.
const pings = 3

// newSocket takes a connection over and listens to it.
func newSocket(conn *websocket.Conn, d dialect, alive time.Duration) *socket {
	s := &socket{
		conn: conn, dialect: d, alive: alive, timer: time.NewTimer(time.Hour), listening: true,
		frames: make(chan []byte, buffers), free: make(chan []byte, buffers), gone: make(chan struct{}),
	}
	s.timer.Stop()
	for range buffers {
		s.free <- nil
	}
	conn.SetReadLimit(maxFrame)
	_ = s.heard("")
	conn.SetPongHandler(s.heard)
	s.pinging = time.AfterFunc(alive, s.ping)
	s.pinging.Reset(alive / pings) // after it has been assigned, for ping uses it
	go s.read()
	return s
}

// heard puts off the time at which the connection is taken for dead.
func (s *socket) heard(string) error { return s.conn.SetReadDeadline(time.Now().Add(s.alive)) }

// ping asks the service whether it is still there: a connection that has died
// without a word would otherwise be noticed by the next turn only.
func (s *socket) ping() {
	if s.over() {
		return
	}
	_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.alive)) // the reader notices what is wrong
	s.pinging.Reset(s.alive / pings)
}

// read runs until the connection ends. The only place where it can wait for us
// is the taking of a free buffer.
func (s *socket) read() {
	defer close(s.gone)
	defer close(s.frames)
	defer s.pinging.Stop()
	for buffer := range s.free {
		frame, err := readFrame(s.conn, buffer[:0])
		if err != nil {
			s.err = err
			return
		}
		_ = s.heard("")
		s.deliver(frame)
	}
}

// deliver hands a frame over if anybody listens. There are as many buffers as
// places in both channels, so that it never waits.
func (s *socket) deliver(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening {
		s.lastError = nil // the service has more to say
		s.frames <- frame
		return
	}
	if event, err := s.dialect.decode(frame); err == nil && event.Type == eventError {
		s.lastError = &event.Error
	}
	s.free <- shrunk(frame)
}

// readFrame reads one text frame into a buffer, which grows as needed.
func readFrame(conn *websocket.Conn, buffer []byte) ([]byte, error) {
	for {
		kind, r, err := conn.NextReader()
		if err != nil {
			return buffer, err
		}
		if buffer, err = appendAll(buffer[:0], r); err != nil {
			return buffer, err
		}
		if kind == websocket.TextMessage {
			return buffer, nil
		}
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

// shrunk gives a buffer back for the next frame, unless it is a big one.
func shrunk(buffer []byte) []byte {
	if cap(buffer) > keptBuffer {
		return nil
	}
	return buffer
}

// listen makes frames wait for next from now on.
func (s *socket) listen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening = true
}

// ignore makes frames be dropped from now on, those that wait included.
func (s *socket) ignore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening = false
	if s.lent != nil {
		s.free <- shrunk(s.lent)
		s.lent = nil
	}
	for {
		select {
		case frame, ok := <-s.frames:
			if !ok {
				return
			}
			s.free <- shrunk(frame)
		default:
			return
		}
	}
}

// next returns the next frame, which is valid until the next call. It fails
// with errExpired at the deadline, if there is one, with the context's cause if
// that ends, and with an error of lostConnection when there will be no more
// frames.
func (s *socket) next(ctx context.Context, deadline time.Time) ([]byte, error) {
	if s.lent != nil {
		s.free <- s.lent
		s.lent = nil
	}
	if !deadline.IsZero() {
		s.timer.Reset(time.Until(deadline))
		defer s.timer.Stop()
	}
	select {
	case frame, ok := <-s.frames:
		return s.lend(ctx, frame, ok)
	case <-s.timer.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select { // where this process was too slow, not the service
	case frame, ok := <-s.frames:
		return s.lend(ctx, frame, ok)
	default:
		return nil, errExpired
	}
}

// lend hands a frame out until the next call of next.
func (s *socket) lend(ctx context.Context, frame []byte, ok bool) ([]byte, error) {
	if !ok && ctx.Err() != nil {
		return nil, context.Cause(ctx) // we may have closed the connection ourselves
	}
	if !ok {
		return nil, s.lost()
	}
	s.lent = frame
	return frame, nil
}

// over reports whether the connection has ended.
func (s *socket) over() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// lost says why there are no more frames. An error event that came shortly
// before the end knows better than the end itself.
func (s *socket) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := lostConnection(s.err)
	if s.lastError != nil && s.lastError.grave() {
		return s.lastError.err("the connection was lost")
	}
	return err
}

// send writes one event. A write that fails or is interrupted breaks the
// socket.
func (s *socket) send(ctx context.Context, event any) error {
	frame, err := s.dialect.encode(event)
	if err != nil {
		return core.Errorf(core.KindInternal, "encoding an event: %w", err)
	}
	if frame == nil {
		return nil // the service has no such event
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	}
	// The library sets the connection's deadline anew for each fragment, so
	// that only closing interrupts an event for certain.
	stop := context.AfterFunc(ctx, func() { _ = s.conn.NetConn().Close() })
	defer stop()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	err = s.conn.WriteMessage(websocket.TextMessage, frame)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return core.Errorf(core.KindTimeout, "the service did not accept an event within %s", writeTime)
	}
	return s.whyNotSent(err)
}

// whyNotSent prefers what the service said before it went away to what the
// network says after that.
func (s *socket) whyNotSent(err error) error {
	select {
	case <-s.gone:
		return s.lost()
	case <-time.After(closingTime):
		return core.Errorf(core.KindUnavailable, "the connection was lost: %w", err)
	}
}

// close says goodbye, gives the service a moment to do the same, and returns
// when the reader has ended. It may be called more than once.
func (s *socket) close() {
	s.ignore()
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
