package realtimetest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxFrame fits 15 MiB of audio in base64, the protocol's limit for one
	// event, and the rest of the event.
	maxFrame = 21 << 20
	// maxAppend and maxBuffer are in bytes of audio: of one append event, and
	// of the input buffer (20 minutes of PCM).
	maxAppend = 15 << 20
	maxBuffer = 60 << 20
	// writeTimeout ends a connection whose client has stopped reading.
	writeTimeout = 30 * time.Second
)

// fields is a JSON object to be sent.
type fields map[string]any

// conn is one client's socket with its conversation.
type conn struct {
	server *Server
	socket *websocket.Conn
	number int
	faults []Fault
	// inCall says that the client has joined a call.
	inCall bool

	writing sync.Mutex

	// deaf says that incoming events are ignored, because the connection is
	// about to be dropped.
	deaf atomic.Bool

	// responses waits for the goroutines of responses, of transcriptions and of
	// the session's expiry.
	responses sync.WaitGroup

	input input // used by the reader only

	mu      sync.Mutex
	session session
	items   []*item
	active  *response // in the default conversation
	running map[string]*response
	replies int     // number begun
	ended   int     // number of responses of the default conversation that have ended
	late    []*item // items whose transcription waits for the end of a response
	// remote are the tools of MCP servers by their labels, and pending the calls that
	// wait for approval by the requests' ids.
	remote  map[string][]Tool
	pending map[string]*remoteCall
	latest  string // id of the last response that was begun
	spoke   bool   // the model has spoken, so that its voice can no longer be changed
}

func newConn(s *Server, socket *websocket.Conn, own session, number int, faults []Fault) *conn {
	return &conn{
		server: s, socket: socket, number: number, faults: faults, session: own,
		input: input{format: pcm}, running: make(map[string]*response),
		remote: make(map[string][]Tool), pending: make(map[string]*remoteCall),
	}
}

// serve reads the client's events until it disconnects, then waits for the
// goroutines that it started.
func (c *conn) serve(ctx context.Context, cancel context.CancelFunc, beta bool) {
	defer c.responses.Wait()
	defer cancel()
	defer func() { _ = c.socket.Close() }()
	c.socket.SetReadLimit(maxFrame)
	if beta || c.is(BetaShape) {
		c.send("error", fields{"error": protocolError{
			Type: "invalid_request_error", Code: "beta_api_shape_disabled",
			Message: "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
		}})
		c.closeWith(4000, "invalid_request_error.beta_api_shape_disabled")
		c.drain()
		return
	}
	c.greet()
	c.responses.Go(func() { c.expire(ctx) })
	for {
		kind, frame, err := c.socket.ReadMessage()
		if err != nil {
			return
		}
		if kind != websocket.TextMessage {
			c.refuse("", protocolError{Code: "invalid_event", Message: "Events are JSON in text frames."})
			continue
		}
		if c.server.options.Observe != nil {
			c.server.options.Observe(true, frame)
		}
		c.handle(ctx, frame)
	}
}

// expire closes the socket at the end of the session's life.
func (c *conn) expire(ctx context.Context) {
	timer := time.NewTimer(c.server.options.SessionLife)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.closeExpired()
	case <-ctx.Done():
	}
}

// is reports whether the connection has a fault.
func (c *conn) is(kind FaultKind) bool { return at(c.faults, kind, c.number) }

// greet sends session.created.
func (c *conn) greet() {
	if c.is(NoSession) || c.inCall {
		return
	}
	shown := c.session.shown()
	if c.is(ShortSession) {
		shown = merged(shown, map[string]any{"expires_at": time.Now().Add(time.Second).Unix()}, "")
	}
	c.send("session.created", fields{"session": shown})
	if c.is(XAINames) {
		c.send("conversation.created", fields{"conversation": fields{"id": c.session.conversation(), "object": "realtime.conversation"}})
	}
}

// send writes one event. Write errors are ignored: the reader notices a closed
// connection.
func (c *conn) send(event string, f fields) {
	f["type"] = event
	f["event_id"] = newID("event_")
	frame, err := json.Marshal(f)
	if err != nil {
		c.server.log.Error("encoding an event", "type", event, "error", err)
		return
	}
	c.write(frame)
}

// write sends a frame. Observe is called under the lock that orders frames: else
// it could be told of two in another order than they were sent in.
func (c *conn) write(frame []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := c.socket.WriteMessage(websocket.TextMessage, frame); err != nil {
		return
	}
	if c.server.options.Observe != nil {
		c.server.options.Observe(false, frame)
	}
}

// closeWith sends a close frame. The reader stops when the client has answered
// it, or after a second: closing at once could discard frames that are in
// flight.
func (c *conn) closeWith(code int, reason string) {
	deadline := time.Now().Add(time.Second)
	_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	_ = c.socket.NetConn().SetReadDeadline(deadline)
}

// drain reads until the connection ends.
func (c *conn) drain() {
	for {
		if _, _, err := c.socket.NextReader(); err != nil {
			return
		}
	}
}

// drop closes the TCP connection without a close frame, as a failing network
// does.
func (c *conn) drop() { _ = c.socket.NetConn().Close() }

// protocolError is the body of an error event.
type protocolError struct {
	Type    string  `json:"type"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Param   *string `json:"param"`
	EventID *string `json:"event_id"`
}

// refuse sends an error event in answer to the client's event.
func (c *conn) refuse(eventID string, e protocolError) {
	if e.Type == "" {
		e.Type = "invalid_request_error"
	}
	if eventID != "" {
		e.EventID = &eventID
	}
	c.send("error", fields{"error": e})
}

// newID returns an id in the services' form: a prefix and 20 characters.
func newID(prefix string) string {
	return prefix + rand.Text()[:20]
}

func decodeBase64(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(s)
}
