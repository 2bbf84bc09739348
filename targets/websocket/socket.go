package wstarget

import (
	"compress/flate"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

const (
	// waitingEvents is how many events wait to be used. When there are more, the
	// service has to wait.
	waitingEvents = 256
	// closingTime is how long a closing handshake may take.
	closingTime = 500 * time.Millisecond
	// maxRefusal is how much of the body of a refused handshake is read, in bytes.
	maxRefusal = 64 << 10
)

// event is one message of the service.
type event struct {
	data     []byte
	isBinary bool
	// json is the message as JSON, and else its text. Binary messages have neither.
	json any
	// isBroken says that the message is text, and not UTF-8.
	isBroken bool
	// at is when it was read.
	at time.Time
}

// socket is an open websocket. Its events come from a goroutine that ends with it.
type socket struct {
	conn   *websocket.Conn
	events chan event
	// ended is closed when no more events come; err says why.
	ended chan struct{}
	err   error
	stop  chan struct{}
	once  sync.Once
	pings sync.WaitGroup
	// limit is the size of the longest event, and of all that wait to be used.
	limit int
	// held is the size of those that wait, room gets a value when that is less.
	held atomic.Int64
	room chan struct{}
	// patience is how long a message may take to be written.
	patience time.Duration
}

// dial opens a socket.
func (t *target) dial(ctx context.Context) (*socket, error) {
	header, err := t.access.Authorized(ctx, access.Bearer)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{
		NetDialContext: t.access.Dial, Proxy: t.access.Proxy, TLSClientConfig: t.access.TLS(), Subprotocols: t.config.Subprotocols,
	}
	conn, response, err := dialer.DialContext(ctx, t.address(), header)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		return nil, refused(response)
	}
	if err != nil {
		return nil, t.access.Unreachable(ctx, "connecting", err)
	}
	if chosen := conn.Subprotocol(); chosen != "" && !slices.Contains(t.config.Subprotocols, chosen) {
		_ = conn.Close()
		return nil, core.Errorf(core.ErrorProtocol, "the service chose the subprotocol %q, which was not offered", chosen).WithHint("subprotocols")
	}
	s := &socket{
		conn: conn, events: make(chan event, waitingEvents), ended: make(chan struct{}), stop: make(chan struct{}),
		limit: t.config.MaxMessageBytes, room: make(chan struct{}, 1), patience: t.config.Timeouts.Turn.Std(),
	}
	conn.SetReadLimit(int64(s.limit))
	alive := t.config.Timeouts.Alive.Std()
	_ = conn.SetReadDeadline(time.Now().Add(alive)) // an open connection takes one
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(alive)) })
	s.pings.Go(func() { s.ping(alive / 3) })
	go s.read(alive, t.config.Sound.Binary)
	return s, nil
}

// address returns the address to dial, with the secret parameters.
func (t *target) address() string {
	u := *t.plan.url
	query := u.Query()
	for name, value := range t.config.Query {
		query.Set(name, value.Reveal())
	}
	if len(t.config.Query) > 0 {
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// refused explains an answer to the handshake that is none of a websocket.
func refused(response *http.Response) error {
	if response.StatusCode == http.StatusSwitchingProtocols {
		return core.Errorf(core.ErrorProtocol, "the service answered the handshake with headers that are not those of a websocket").
			WithHint("Upgrade, Connection and Sec-WebSocket-Accept are to be those of RFC 6455; a proxy may have changed them")
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what there is of it
	err := access.Refusal("the service refused the connection with", response.StatusCode, response.Header, body)
	switch {
	case err.Kind == core.ErrorConfig && response.StatusCode >= 400:
		return err.WithHint("check url")
	case err.Kind == core.ErrorProtocol:
		return err.WithHint("no websocket answers at that address: check url")
	}
	return err
}

func (s *socket) ping(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(every)) // the reader finds a dead connection
		case <-s.stop:
			return
		}
	}
}

func (s *socket) read(alive time.Duration, hasSound bool) {
	defer close(s.ended)
	for {
		kind, data, err := s.message()
		if err != nil {
			s.err = err
			_ = s.conn.NetConn().Close() // ends a write that waits
			return
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(alive)) // the next read fails otherwise
		if !s.hold(len(data)) {
			return
		}
		select {
		case s.events <- newEvent(data, kind == websocket.BinaryMessage, hasSound):
		case <-s.stop:
			return
		}
	}
}

// message reads one message. The limit holds for what it is once it is unpacked, too: a
// service can compress what it sends, whether or not that was offered.
func (s *socket) message() (kind int, data []byte, err error) {
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return kind, nil, err
	}
	data, err = io.ReadAll(io.LimitReader(r, int64(s.limit)+1))
	if err == nil && len(data) > s.limit {
		err = websocket.ErrReadLimit
	}
	return kind, data, err
}

// hold waits until there is room for an event of a size, and reports whether there is.
func (s *socket) hold(size int) bool {
	for s.held.Load() > 0 && s.held.Load()+int64(size) > int64(s.limit) {
		select {
		case <-s.room:
		case <-s.stop:
			return false
		}
	}
	s.held.Add(int64(size))
	return true
}

// release makes room once an event was taken.
func (s *socket) release(e event) {
	s.held.Add(-int64(len(e.data)))
	select {
	case s.room <- struct{}{}:
	default:
	}
}

// isLost reports whether no more events come.
func (s *socket) isLost() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// wasClosed reports whether the service has closed the connection.
func (s *socket) wasClosed() bool {
	if !s.isLost() {
		return false
	}
	_, says := errors.AsType[*websocket.CloseError](s.err)
	return says
}

// hasEnded reports whether no more events come, and none waits.
func (s *socket) hasEnded() bool { return s.isLost() && len(s.events) == 0 }

// newEvent returns a message as an event. Where sound does not travel in binary messages,
// a binary one with a JSON object is one as if it were text: some servers send it so.
func newEvent(data []byte, isBinary, hasSound bool) event {
	e := event{data: data, isBinary: isBinary, at: time.Now()}
	if isBinary && hasSound {
		return e
	}
	v, err := template.Unmarshal(data)
	if _, isObject := v.(map[string]any); isBinary && !isObject {
		return e
	}
	e.isBinary, e.isBroken = false, !utf8.Valid(data)
	if e.json = v; err != nil {
		e.json = string(data)
	}
	return e
}

// write writes one message within a time.
func (s *socket) write(ctx context.Context, data []byte, isBinary bool) error {
	kind := websocket.TextMessage
	if isBinary {
		kind = websocket.BinaryMessage
	}
	within, cancel := context.WithTimeoutCause(ctx, s.patience,
		core.Errorf(core.ErrorTimeout, "the service did not read a message within %s", s.patience).About(core.SubjectAnswer).WithHint("timeouts.turn"))
	defer cancel()
	stop := context.AfterFunc(within, func() { _ = s.conn.NetConn().Close() }) // ends the write
	defer stop()
	_ = s.conn.SetWriteDeadline(time.Time{}) // gorilla keeps it for the write
	err := s.conn.WriteMessage(kind, data)
	if err == nil {
		return nil
	}
	reason := time.NewTimer(closingTime)
	defer reason.Stop()
	select {
	case <-within.Done():
		return context.Cause(within)
	case <-s.ended: // why is known
		if within.Err() != nil {
			return context.Cause(within)
		}
		return lost(s.err, s.limit)
	case <-reason.C:
		return core.Errorf(core.ErrorUnavailable, "the connection was lost while sending: %w", err).About(core.SubjectAnswer)
	}
}

// close ends the connection, with the closing handshake where isOrderly.
func (s *socket) close(isOrderly bool) {
	s.once.Do(func() {
		close(s.stop)
		if isOrderly {
			message := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			if err := s.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(closingTime)); err == nil {
				_ = s.conn.SetReadDeadline(time.Now().Add(closingTime)) // the reader waits for the service's answer
				select {
				case <-s.ended:
				case <-time.After(closingTime):
				}
			}
		}
		_ = s.conn.Close() // nothing is sent any more
		s.pings.Wait()
		<-s.ended
	})
}

// lost explains why a socket ended.
func lost(err error, limit int) *core.Error {
	var result *core.Error
	closed, isClosed := errors.AsType[*websocket.CloseError](err)
	timeout, isTimeout := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		result = core.Errorf(core.ErrorProtocol, "the service sent a message of more than %d bytes", limit).WithHint("max_message_bytes")
	case isTimeout && timeout.Timeout():
		result = core.Errorf(core.ErrorUnavailable, "the connection was lost: the service answers no ping")
	case !isClosed && breaksProtocol(err):
		result = core.Errorf(core.ErrorProtocol, "the service breaks the protocol: %w", err)
	case !isClosed || closed.Code == websocket.CloseAbnormalClosure:
		result = core.Errorf(core.ErrorUnavailable, "the connection was lost: %w", err)
	default:
		result = core.Errorf(kindOfClose(closed.Code), "the service closed the connection: %w", err)
	}
	if closed != nil && closed.Code == websocket.CloseTryAgainLater {
		return result.About(core.SubjectLimit)
	}
	return result.About(core.SubjectAnswer)
}

// breaksProtocol reports whether a service sent what no websocket sends. gorilla has no type
// for that.
func breaksProtocol(err error) bool {
	_, isCorrupt := errors.AsType[flate.CorruptInputError](err)
	return isCorrupt || strings.HasPrefix(err.Error(), "websocket: ")
}

func kindOfClose(code int) core.ErrorKind {
	switch code {
	case websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.CloseInvalidFramePayloadData,
		websocket.CloseMandatoryExtension, websocket.CloseMessageTooBig:
		return core.ErrorProtocol
	case websocket.ClosePolicyViolation:
		return core.ErrorAuth
	}
	return core.ErrorUnavailable
}
