package realtime

import (
	"context"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// machine decides what is to be sent. Its methods are not called concurrently,
// and do no input or output.
type machine interface {
	// on takes a server event, which is valid until it returns, and returns the
	// client events to send. changed reports whether the results of done or due
	// may have changed, other than to a later time.
	on(e *serverEvent) (send []any, changed bool)
	// tell takes a signal, and returns the client events to send.
	tell(sig signal, now time.Time) (send []any)
	// due is when the machine wants signalTime; zero for never.
	due(now time.Time) time.Time
	// done reports whether the machine has ended.
	done() bool
}

// signal is something other than a server event that a machine has to know.
type signal struct {
	kind signalKind
	// event is the one that could not be sent.
	event any
	err   error
	// left says that the caller's context has ended.
	left bool
}

type signalKind int

const (
	signalBegan  signalKind = iota // the machine is subscribed
	signalSent                     // all events were sent
	signalTime                     // the due time has come
	signalUnsent                   // an event could not be sent
	signalBroken                   // a frame was not an event
	signalLost                     // no more events will arrive, or the caller's context has ended
)

// socket carries frames between a service and a machine. One goroutine reads
// for as long as the socket lives, because a websocket whose read was
// interrupted cannot be used again, and calls the machine itself: waking
// another goroutine for each event would cost more than handling the event. The
// goroutine in [socket.run] sends, and waits until there is more to send. While
// no machine is subscribed, events are dropped as they arrive, so that pings
// are answered and a closed connection is noticed.
type socket struct {
	conn    *websocket.Conn
	dialect dialect
	frames  *bufferPool   // for incoming frames
	alive   time.Duration // how long a ping may remain unanswered
	pinging *time.Timer
	timer   *time.Timer // run's

	// Used by the reader only.
	came  time.Time   // when the last frame arrived
	event serverEvent // the present event
	last  ids         // of the last event that had any

	wake chan struct{} // holds a value when the goroutine in run has something to do
	gone chan struct{} // closed when the reader has ended
	err  error         // why the reader ended; set before gone is closed

	writing sync.Mutex // held while a frame is written; never together with mu

	// mu guards the fields below. It is held while a machine is called, and
	// never while something is written or waited for.
	mu      sync.Mutex
	machine machine // nil while none is subscribed
	queue   []any   // what run has to send
	// waiting says that run waits for events until a time; zero for no limit.
	waiting bool
	until   time.Time
	unsent  error // write error of the reader
	// lastError is an error event that arrived while no machine was subscribed;
	// speaks says that the service began a response then.
	lastError *serviceError
	speaks    bool
}

// newSocket takes over a connection. The machine receives all events from the
// first one on.
func newSocket(conn *websocket.Conn, d dialect, frames *bufferPool, alive time.Duration, first machine) *socket {
	s := &socket{
		conn: conn, dialect: d, frames: frames, alive: alive, timer: time.NewTimer(time.Hour), machine: first,
		wake: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	s.timer.Stop()
	conn.SetReadLimit(maxFrame)
	_ = s.postpone("")
	conn.SetPongHandler(s.postpone)
	s.pinging = time.AfterFunc(alive, s.ping)
	s.pinging.Reset(alive / pings) // after the assignment, because ping uses it
	go s.read()
	return s
}

// run sends what the machine decides, until the machine is done. It is called
// by one goroutine at a time.
func (s *socket) run(ctx context.Context, m machine) {
	s.subscribe(m)
	defer s.unsubscribe()
	happened := signal{kind: signalBegan}
	for {
		send, until, done := s.tell(m, happened)
		switch {
		case len(send) > 0:
			happened = s.sendAll(ctx, send)
		case done:
			return
		default:
			happened = s.await(ctx, until)
		}
		happened.left = ctx.Err() != nil
	}
}

// subscribe passes events to the machine from now on.
func (s *socket) subscribe(m machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machine = m
	select {
	case <-s.wake: // meant for the machine before
	default:
	}
}

// unsubscribe drops events from now on. The machine belongs to the caller
// again.
func (s *socket) unsubscribe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machine, s.queue, s.waiting = nil, nil, false
}

// tell passes a signal to the machine, and returns what is to be sent, or until
// when to wait.
func (s *socket) tell(m machine, sig signal) (send []any, until time.Time, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.queue = append(s.queue, m.tell(sig, now)...)
	send, s.queue = s.queue, nil
	s.until, done = m.due(now), m.done()
	s.waiting = len(send) == 0 && !done
	return send, s.until, done
}

// sendAll sends events, and tells the machine of the result.
func (s *socket) sendAll(ctx context.Context, events []any) signal {
	for _, event := range events {
		if err := s.send(ctx, event); err != nil {
			return signal{kind: signalUnsent, event: event, err: err}
		}
	}
	if s.over() { // writes to a connection that has failed unnoticed still succeed
		return signal{kind: signalLost, err: s.whyOver(ctx)}
	}
	return signal{kind: signalSent}
}

// await waits until the machine has events to send, or until a time; zero for
// no limit.
func (s *socket) await(ctx context.Context, until time.Time) signal {
	if !until.IsZero() {
		s.timer.Reset(time.Until(until))
		defer s.timer.Stop()
	}
	happened := signal{kind: signalTime}
	select {
	case <-s.wake:
	case <-s.timer.C:
	case <-s.gone:
		happened.kind = signalLost
	case <-ctx.Done():
		return signal{kind: signalLost, err: context.Cause(ctx)}
	}
	if err := s.whyReaderCouldNotWrite(); err != nil {
		return signal{kind: signalLost, err: s.whyNotSent(ctx, err)}
	}
	if happened.kind != signalLost {
		return happened
	}
	select {
	case <-s.wake: // it arrived just before the end
		return signal{kind: signalTime}
	default:
	}
	return signal{kind: signalLost, err: s.whyOver(ctx)}
}

// whyOver returns why the connection has ended. The target may have closed it
// itself, when the caller's context ended.
func (s *socket) whyOver(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.lost()
}

func (s *socket) whyReaderCouldNotWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.unsent
	s.unsent = nil
	return err
}

// wakeUp wakes run. The caller holds mu.
func (s *socket) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default: // a wake-up is pending
	}
}

// handOver passes the event, or the error of the frame, to the machine. It
// returns what the reader is to send itself, without waking run; nil for
// nothing.
func (s *socket) handOver(broken error) (question any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.machine == nil {
		if broken == nil {
			s.onIdleEvent(&s.event)
		}
		return nil
	}
	s.lastError = nil // more events follow the error
	var send []any
	changed := true
	if broken == nil {
		send, changed = s.machine.on(&s.event)
	} else {
		send = s.machine.tell(signal{kind: signalBroken, err: broken}, s.came)
	}
	if len(send) == 1 && s.waiting && len(s.queue) == 0 && isQuestion(send[0]) {
		question = send[0]
	} else {
		s.queue = append(s.queue, send...)
	}
	if len(s.queue) > 0 || changed && s.earlier() {
		s.wakeUp()
	}
	return question
}

// earlier reports whether run waits longer than the machine wants. The caller
// holds mu.
func (s *socket) earlier() bool {
	due := s.machine.due(s.came)
	return s.machine.done() || !due.IsZero() && (s.until.IsZero() || due.Before(s.until))
}

// isQuestion reports whether an event is a small one that requests a response.
// The reader may send it: the service has confirmed everything that was sent
// before, so that the write does not block, and nothing arrives until it is
// sent.
func isQuestion(event any) bool {
	create, ok := event.(responseCreate)
	return ok && create.Response.Input == nil
}

// onIdleEvent handles an event that arrives while no machine is subscribed. The
// caller holds mu.
func (s *socket) onIdleEvent(e *serverEvent) {
	switch e.Type {
	case eventError:
		said := e.Error
		s.lastError = &said
	case eventResponseCreated:
		s.speaks = true
	}
}

// spoke reports whether a response began while no machine was subscribed. It
// may still go on.
func (s *socket) spoke() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.speaks
}

// forget clears what arrived while no machine was subscribed.
func (s *socket) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speaks, s.lastError = false, nil
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

// lost returns why no more frames arrive, once the reader has ended. An error
// event shortly before the end takes precedence, because it names the reason.
func (s *socket) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastError != nil && s.lastError.grave() {
		return s.lastError.err("the connection was lost")
	}
	return lostConnection(s.err)
}
