package realtime

import (
	"context"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// machine decides what is to be sent. It is called with one thing at a time, and
// does no input or output itself.
type machine interface {
	// on takes a server event, which is the machine's until it returns, and
	// returns the client events that are to be sent. changed reports whether done
	// or due may say something else than before, other than a later time.
	on(e *serverEvent) (send []any, changed bool)
	// tell takes what happened beside events, and returns what is to be sent.
	tell(sig signal, now time.Time) (send []any)
	// due is when the machine wants to be told the time; zero for never.
	due(now time.Time) time.Time
	// done reports whether the machine has come to its end.
	done() bool
}

// signal tells a machine what happened beside the events of the service.
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
	signalBegan  signalKind = iota // the machine is listened to from now on
	signalSent                     // all that was to be sent was sent
	signalTime                     // time has passed
	signalUnsent                   // an event could not be sent
	signalBroken                   // a frame was no event
	signalLost                     // there will be no more events, or the caller has left
)

// socket carries frames between a service and a machine. One goroutine reads for
// as long as the socket lives, because a websocket whose read was interrupted is
// broken for good, and hands each event to the machine itself: waking another
// goroutine for each of them would cost more than the events do. The goroutine in
// [socket.run] sends, and waits until there is more to be sent. Between two
// machines events are dropped as they come, so that pings are answered and a
// closed connection is noticed.
type socket struct {
	conn    *websocket.Conn
	dialect dialect
	frames  *bufferPool   // for frames that are being read
	alive   time.Duration // how long a ping may remain unanswered
	pinging *time.Timer
	timer   *time.Timer // run's

	// These are the reader's.
	came  time.Time   // when the last frame did
	event serverEvent // that is being handed over
	last  ids         // of the last event that had any

	wake chan struct{} // holds a value when the goroutine in run has something to do
	gone chan struct{} // closed when the reader has ended
	err  error         // why the reader ended; set before gone is closed

	writing sync.Mutex // held while a frame is written, and never together with mu

	// mu guards what follows. It is held while a machine is called, and never
	// while something is written or waited for.
	mu      sync.Mutex
	machine machine // nil between two
	queue   []any   // what run is to send
	// waiting says that run has nothing to send and waits, until at the latest;
	// zero for ever.
	waiting bool
	until   time.Time
	unsent  error // why the reader could not write
	// lastError is an error event that came while no machine listened, and speaks
	// says that the service began a response then, which had not been asked for.
	lastError *serviceError
	speaks    bool
}

// newSocket takes a connection over. The machine hears what comes from the
// beginning on.
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
	s.pinging.Reset(alive / pings) // after it has been assigned, for ping uses it
	go s.read()
	return s
}

// run carries out what the machine decides, until that is done. It is called by
// one goroutine at a time.
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

// subscribe has the machine hear what comes.
func (s *socket) subscribe(m machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machine = m
	select {
	case <-s.wake: // it was for the machine before
	default:
	}
}

// unsubscribe has events dropped from now on. What the machine was is the
// caller's again.
func (s *socket) unsubscribe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machine, s.queue, s.waiting = nil, nil, false
}

// tell tells the machine what happened, and returns what is to be sent, or until
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

// sendAll sends events, and says what came of it.
func (s *socket) sendAll(ctx context.Context, events []any) signal {
	for _, event := range events {
		if err := s.send(ctx, event); err != nil {
			return signal{kind: signalUnsent, event: event, err: err}
		}
	}
	if s.over() { // a connection that has died unseen takes what is sent all the same
		return signal{kind: signalLost, err: s.whyOver(ctx)}
	}
	return signal{kind: signalSent}
}

// await waits until the machine has more to be sent, or until a time; zero for
// ever.
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
	case <-s.wake: // it came just before the end
		return signal{kind: signalTime}
	default:
	}
	return signal{kind: signalLost, err: s.whyOver(ctx)}
}

// whyOver says why the connection has ended: we may have closed it ourselves, for
// a caller who has left.
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

// wakeUp says that there is something to do for run. The caller holds mu.
func (s *socket) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// handOver tells the machine of the event, or why there is none, and returns
// what the reader is to send itself, without anybody being woken for it; nil for
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
	s.lastError = nil // the service has more to say
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

// earlier reports whether run waits for longer than the machine wants it to. The
// caller holds mu.
func (s *socket) earlier() bool {
	due := s.machine.due(s.came)
	return s.machine.done() || !due.IsZero() && (s.until.IsZero() || due.Before(s.until))
}

// isQuestion reports whether an event is a small one that asks for a reply. The
// service has read what was sent before it, for it has confirmed that, so that
// the reader may send it: nothing is read until it is sent.
func isQuestion(event any) bool {
	create, ok := event.(responseCreate)
	return ok && create.Response.Input == nil
}

// onIdleEvent looks at an event for which no machine listens. The caller holds
// mu.
func (s *socket) onIdleEvent(e *serverEvent) {
	switch e.Type {
	case eventError:
		said := e.Error
		s.lastError = &said
	case eventResponseCreated:
		s.speaks = true
	}
}

// spoke reports whether the service spoke while no machine listened, and so may
// still be speaking.
func (s *socket) spoke() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.speaks
}

// forget drops what came while no machine listened.
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

// lost says why there are no more frames, once the reader has ended. An error
// event that came shortly before the end is the better explanation.
func (s *socket) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastError != nil && s.lastError.grave() {
		return s.lastError.err("the connection was lost")
	}
	return lostConnection(s.err)
}
