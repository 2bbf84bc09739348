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
	// writeTime is how long the service may take to accept one event.
	writeTime = 30 * time.Second
	// pings is how many are sent in the time in which one has to be answered.
	pings = 3
)

// errExpired says that the deadline of [socket.wait] has passed.
var errExpired = errors.New("nothing came in time")

// handler looks at a server event, or at why a frame is none. It reports
// whether there is something to be done about it. The event is the handler's
// until it returns.
type handler func(e *serverEvent, err error) (wake bool)

// socket carries frames. One goroutine reads for as long as the socket lives,
// because a websocket whose read was interrupted is broken for good, and hands
// each event to the handler itself: waking another goroutine for each of them
// would cost more than the events do. Between turns there is no handler, and
// events are dropped as they come, so that pings are answered and a closed
// connection is noticed.
//
// What the handler and the conversation both look at is theirs in turns: the
// conversation has the floor from attend to leave, except while it waits or
// sends. It waits and sends only while it has the floor, and closes only while it
// has not. What the handler has to send it leaves to the reader, which does so
// when it has given the floor back.
type socket struct {
	conn    *websocket.Conn
	dialect dialect
	timer   *time.Timer
	alive   time.Duration // how long a ping may remain unanswered
	pinging *time.Timer

	came  time.Time   // when the last frame did
	event serverEvent // that the reader hands over
	last  ids         // of the last event that had any

	wake chan struct{} // says that the handler wants something done
	gone chan struct{} // closed when the reader has ended

	writing sync.Mutex // held while an event is written; the floor is not taken meanwhile

	floor  sync.Mutex
	handle handler
	err    error  // why the reader ended; set before gone is closed
	reply  []byte // the handler's, to be written; nil if there is none
	unsent error  // why the reader could not write
	// lastError is an error event that came while nobody listened, and speaks
	// says that the service began to answer what nobody had asked.
	lastError *serviceError
	speaks    bool
}

// newSocket takes a connection over. The caller has the floor.
func newSocket(conn *websocket.Conn, d dialect, alive time.Duration) *socket {
	s := &socket{
		conn: conn, dialect: d, alive: alive, timer: time.NewTimer(time.Hour),
		wake: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	s.timer.Stop()
	s.floor.Lock()
	conn.SetReadLimit(maxFrame)
	_ = s.heard("")
	conn.SetPongHandler(s.heard)
	s.pinging = time.AfterFunc(alive, s.ping)
	s.pinging.Reset(alive / pings) // after it has been assigned, for ping uses it
	go s.read()
	return s
}

// attend waits for the floor.
func (s *socket) attend() { s.floor.Lock() }

// leave gives the floor up. Events are dropped from now on.
func (s *socket) leave() {
	s.handle = nil
	s.floor.Unlock()
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

// read runs until the connection ends.
func (s *socket) read() {
	defer close(s.gone)
	defer s.pinging.Stop()
	put := time.Now() // when the deadline was put off, which is not worth doing for every frame
	for {
		kind, r, err := s.conn.NextReader()
		if err == nil {
			err = s.readFrame(kind, r)
		}
		if err != nil {
			s.floor.Lock()
			s.err = err
			s.floor.Unlock()
			return
		}
		if s.came.Sub(put) > s.alive/10 {
			put = s.came
			_ = s.heard("")
		}
	}
}

// readFrame reads a frame and hands its event over.
func (s *socket) readFrame(kind int, r io.Reader) error {
	frame := frameBuffers.take()
	defer frameBuffers.giveBack(frame)
	var err error
	if *frame, err = appendAll(*frame, r); err != nil {
		return err
	}
	s.came = time.Now()
	if kind == websocket.TextMessage {
		s.deliver(*frame)
	}
	return nil
}

// deliver hands a frame's event over, and sends what the handler answers.
func (s *socket) deliver(frame []byte) {
	s.event.came = s.came
	err := s.dialect.decode(frame, s.last, &s.event)
	if err == nil && s.event.ResponseID != "" {
		s.last = ids{s.event.ResponseID, s.event.ItemID}
	}
	if reply := s.hear(err); reply != nil {
		s.writeReply(reply)
	}
	s.event = serverEvent{} // which may be large
}

// hear hands over the event, or why there is none, if anybody listens, and
// returns what the handler answers.
func (s *socket) hear(err error) (reply []byte) {
	s.floor.Lock()
	defer s.floor.Unlock()
	if s.handle == nil {
		s.overhear(&s.event, err)
		return nil
	}
	s.lastError = nil // the service has more to say
	if s.handle(&s.event, err) {
		s.rouse()
	}
	reply, s.reply = s.reply, nil
	return reply
}

// answer has an event sent on behalf of the handler. It has to be a small one,
// and the service has to have read what was sent before: nothing is read until
// it is written. What goes wrong with that is for wait to tell.
func (s *socket) answer(event any) error {
	frame, err := s.encode(event)
	s.reply = frame
	return err
}

// writeReply writes what the handler has answered.
func (s *socket) writeReply(frame []byte) {
	if err := s.write(frame); err != nil {
		s.floor.Lock()
		s.unsent = err
		s.floor.Unlock()
		s.rouse()
	}
}

// rouse says that there is something for the conversation to do.
func (s *socket) rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// overhear looks at an event while nobody listens.
func (s *socket) overhear(event *serverEvent, err error) {
	switch {
	case err != nil:
	case event.Type == eventError:
		said := event.Error
		s.lastError = &said
	case event.Type == eventResponseCreated:
		s.speaks = true
	}
}

// spoke reports whether the service spoke while nobody listened, and so may
// still be speaking. The caller does not have the floor.
func (s *socket) spoke() bool {
	s.floor.Lock()
	defer s.floor.Unlock()
	return s.speaks
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

// wait gives the floor up until the handler wants something done. It fails
// with errExpired at the deadline, if there is one, with the context's cause if
// that ends, and with another error when there will be no more events.
func (s *socket) wait(ctx context.Context, deadline time.Time) error {
	err := s.await(ctx, deadline)
	if s.unsent == nil {
		return err
	}
	s.floor.Unlock()
	defer s.floor.Lock()
	return s.whyNotSent(ctx, s.unsent)
}

// await is wait as long as what the handler sends arrives.
func (s *socket) await(ctx context.Context, deadline time.Time) error {
	s.floor.Unlock()
	defer s.floor.Lock()
	if !deadline.IsZero() {
		s.timer.Reset(time.Until(deadline))
		defer s.timer.Stop()
	}
	err := errExpired
	select {
	case <-s.wake:
		return nil
	case <-s.gone:
		err = nil
	case <-s.timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-s.wake: // it was this process that was too slow, or it came just before the end
		return nil
	default:
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx) // we may have closed the connection ourselves
	}
	return s.lost()
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

// lost says why there are no more frames, once the reader has ended. An error
// event that came shortly before the end knows better than the end itself.
func (s *socket) lost() error {
	err := lostConnection(s.err)
	if s.lastError != nil && s.lastError.grave() {
		return s.lastError.err("the connection was lost")
	}
	return err
}

// send writes one event; the floor is free meanwhile. A write that fails or is
// interrupted breaks the socket.
func (s *socket) send(ctx context.Context, event any) error {
	frame, err := s.encode(event)
	if err != nil || frame == nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	}
	s.floor.Unlock()
	defer s.floor.Lock()
	// The library sets the connection's deadline anew for each fragment, so
	// that only closing interrupts an event for certain.
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

// whyNotSent explains a write that failed. It prefers what the service said
// before it went away to what the network says after that.
func (s *socket) whyNotSent(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("sending: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return core.Errorf(core.ErrorTimeout, "the service did not accept an event within %s", writeTime)
	}
	select {
	case <-s.gone:
		return s.lost()
	case <-time.After(closingTime):
		return core.Errorf(core.ErrorUnavailable, "the connection was lost: %w", err)
	}
}

// close says goodbye, gives the service a moment to do the same, and returns
// when the reader has ended. It may be called more than once, by whoever does
// not have the floor.
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
