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
	// maxFrame is what fits 15 MiB of audio in base64, the protocol's limit
	// for one event, and its envelope.
	maxFrame = 21 << 20
	// maxAppend and maxBuffer are in bytes of audio: one event's, and all
	// that may wait for a commit (20 minutes of PCM).
	maxAppend = 15 << 20
	maxBuffer = 60 << 20
	// writeTimeout guards against a client that stops reading.
	writeTimeout = 30 * time.Second
)

// fields is a JSON object on its way out.
type fields map[string]any

// conn is one client's socket and the conversation that lives in it.
type conn struct {
	server *Server
	socket *websocket.Conn
	number int
	faults []Fault

	writing sync.Mutex

	// deaf says that nothing is heard any more: the connection is about to be
	// dropped.
	deaf atomic.Bool

	// responses waits for the goroutines of responses, of transcriptions and of
	// the session's end.
	responses sync.WaitGroup

	input input // only the reader's

	mu      sync.Mutex
	session session
	items   []*item
	active  *response // of the default conversation
	running map[string]*response
	replies int     // begun so far
	ended   int     // responses of the default conversation that are over
	late    []*item // whose transcription waits for the end of a response
	spoke   bool    // the model has said something, so its voice is fixed
}

func newConn(s *Server, socket *websocket.Conn, own session, number int, faults []Fault) *conn {
	return &conn{
		server: s, socket: socket, number: number, faults: faults, session: own,
		input: input{format: pcm}, running: make(map[string]*response),
	}
}

// serve answers the client until it leaves, then waits for what it started.
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

// expire ends the socket when the session has lasted long enough.
func (c *conn) expire(ctx context.Context) {
	timer := time.NewTimer(c.server.options.SessionLife)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.goodbyeExpired()
	case <-ctx.Done():
	}
}

// is reports whether the connection has a fault.
func (c *conn) is(kind FaultKind) bool { return at(c.faults, kind, c.number) }

// greet tells the client what its session is like.
func (c *conn) greet() {
	if c.is(NoSession) {
		return
	}
	shown := c.session.values
	if c.is(ShortSession) {
		shown = merged(shown, map[string]any{"expires_at": time.Now().Add(time.Second).Unix()}, "")
	}
	c.send("session.created", fields{"session": shown})
	if c.is(XAINames) {
		c.send("conversation.created", fields{"conversation": fields{"id": c.session.conversation(), "object": "realtime.conversation"}})
	}
}

// send writes one event. A client that is gone is noticed by the reader.
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

// closeWith says goodbye. The reader then stops when the client has said so
// too, or after a second: closing at once could destroy what is on its way.
func (c *conn) closeWith(code int, reason string) {
	deadline := time.Now().Add(time.Second)
	_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	_ = c.socket.NetConn().SetReadDeadline(deadline)
}

// drain reads until the client is gone.
func (c *conn) drain() {
	for {
		if _, _, err := c.socket.NextReader(); err != nil {
			return
		}
	}
}

// drop closes the connection as a failing network does: without a goodbye.
func (c *conn) drop() { _ = c.socket.NetConn().Close() }

// protocolError is the body of an error event.
type protocolError struct {
	Type    string  `json:"type"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Param   *string `json:"param"`
	EventID *string `json:"event_id"`
}

// refuse answers the client's event with an error event.
func (c *conn) refuse(eventID string, e protocolError) {
	if e.Type == "" {
		e.Type = "invalid_request_error"
	}
	if eventID != "" {
		e.EventID = &eventID
	}
	c.send("error", fields{"error": e})
}

// newID returns an id as the services make them: a prefix and 20 characters.
func newID(prefix string) string {
	return prefix + rand.Text()[:20]
}

func decodeBase64(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(s)
}
