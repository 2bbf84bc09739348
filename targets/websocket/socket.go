package wstarget

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

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
	conn, response, err := dialer.DialContext(ctx, t.plan.url.String(), header)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what there is of it
		return nil, access.Refusal("the service refused the connection with", response.StatusCode, response.Header, body)
	}
	if err != nil {
		return nil, t.access.Unreachable(ctx, "connecting", err)
	}
	conn.SetReadLimit(int64(t.config.MaxMessageBytes))
	s := &socket{conn: conn, events: make(chan event, waitingEvents), ended: make(chan struct{}), stop: make(chan struct{})}
	alive := t.config.Timeouts.Alive.Std()
	_ = conn.SetReadDeadline(time.Now().Add(alive)) // an open connection takes one
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(alive)) })
	s.pings.Go(func() { s.ping(alive / 3) })
	go s.read(alive)
	return s, nil
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

func (s *socket) read(alive time.Duration) {
	defer close(s.ended)
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			s.err = err
			return
		}
		_ = s.conn.SetReadDeadline(time.Now().Add(alive)) // the next read fails otherwise
		select {
		case s.events <- newEvent(data, kind == websocket.BinaryMessage):
		case <-s.stop:
			return
		}
	}
}

func newEvent(data []byte, isBinary bool) event {
	e := event{data: data, isBinary: isBinary}
	if isBinary {
		return e
	}
	if v, err := template.Unmarshal(data); err == nil {
		e.json = v
		return e
	}
	e.json = string(data)
	return e
}

// write writes one message within a time.
func (s *socket) write(ctx context.Context, data []byte, isBinary bool) error {
	kind := websocket.TextMessage
	if isBinary {
		kind = websocket.BinaryMessage
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Time{}
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.NetConn().Close() }) // ends the write
	defer stop()
	_ = s.conn.SetWriteDeadline(deadline) // gorilla keeps it for the write
	if err := s.conn.WriteMessage(kind, data); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return core.Errorf(core.ErrorUnavailable, "the connection was lost while sending: %w", err).About(core.SubjectAnswer)
	}
	return nil
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
