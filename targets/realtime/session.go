package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// session is a websocket and what was agreed on it.
type session struct {
	socket        *socket
	input, output format
	// transcribes says that the service tells what it hears.
	transcribes bool
	// labels says that the service gives a response's metadata back.
	labels bool
	// expires is when the service ends the session; zero if it does not say.
	expires time.Time
	// connected is how long it took to begin, until a turn has told it.
	connected time.Duration
	// attending says that what comes on the socket is looked at.
	attending bool
	// used says that a turn has begun in it.
	used bool
	// unsure says that a turn was given up, and that the service may still
	// answer it: the answer to the next could be taken for that of another.
	unsure bool
}

// disconnect closes the websocket, if there is one.
func (s *session) disconnect() {
	if s.socket != nil {
		s.socket.close()
	}
}

// connect begins a session and gives the service what it has to remember. The
// one before is closed once there is a new one.
func (c *conversation) connect(ctx context.Context) error {
	before := c.session
	c.session = &session{}
	started := time.Now()
	err := c.open(ctx)
	if c.socket != nil {
		c.socket.leave()
	}
	if err != nil {
		c.disconnect()
		c.session = before
		return err
	}
	c.connected = time.Since(started)
	before.disconnect()
	return nil
}

func (c *conversation) open(ctx context.Context) error {
	// The time to connect covers the handshake and the session's announcement.
	dialing, cancel := context.WithTimeoutCause(ctx, c.config.Timeouts.Connect.Std(),
		core.Errorf(core.ErrorTimeout, "the service opened no session within %s", c.config.Timeouts.Connect))
	defer cancel()
	var err error
	if c.socket, err = c.target.dial(dialing); err != nil {
		return err
	}
	if err := c.awaitSession(dialing); err != nil {
		return err
	}
	if err := c.configure(ctx); err != nil {
		return err
	}
	return c.replay(ctx)
}

// awaitSession waits for the service to open the session, which it does by
// itself. An error event before that refuses the connection.
func (c *conversation) awaitSession(ctx context.Context) error {
	created, err := c.request(ctx, nil, "", request{"connecting", c.config.Timeouts.Connect, is(eventSessionCreated)})
	if err != nil {
		return err
	}
	var session struct {
		Expires int64 `json:"expires_at"` // in seconds since 1970
	}
	if err := json.Unmarshal(created.Session, &session); err == nil && session.Expires > 0 {
		c.expires = time.Unix(session.Expires, 0)
	}
	return nil
}

// configure sets the session up and keeps what the service made of it.
func (c *conversation) configure(ctx context.Context) error {
	said, err := c.update(ctx, "setting the session up", c.config.settings(c.instructions))
	if err != nil {
		return err
	}
	if c.input, err = c.negotiated(said.format("input")); err != nil {
		return fmt.Errorf("setting the session up: input: %w", err)
	}
	if c.output, err = c.negotiated(said.format("output")); err != nil {
		return fmt.Errorf("setting the session up: output: %w", err)
	}
	c.transcribes = c.config.TranscriptionModel != "" && said.transcribes()
	return nil
}

// instruct replaces the system prompt.
func (c *conversation) instruct(ctx context.Context, prompt string) error {
	if _, err := c.update(ctx, "changing the system prompt", sessionConfig{Type: "realtime", Instructions: &prompt}); err != nil {
		return err
	}
	c.instructions = &prompt
	return nil
}

// update changes settings, and notes what the service made of them.
func (c *conversation) update(ctx context.Context, doing string, settings sessionConfig) (echo, error) {
	update := sessionUpdate{Type: "session.update", EventID: c.nextID("ev"), Session: c.target.endpoint.dialect.session(settings)}
	updated, err := c.request(ctx, update, update.EventID, request{doing, c.config.Timeouts.Session, is(eventSessionUpdated)})
	if err != nil {
		return nil, err
	}
	said, err := readEcho(updated.Session)
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "%s: reading the service's answer: %w", doing, err)
	}
	differences, err := said.differences(update.Session)
	c.warn(differences...)
	return said, err
}

// replay gives the service what has been said before. Each item follows the
// one before by its id, so that none can slip past another.
func (c *conversation) replay(ctx context.Context) error {
	e := c.encoder()
	var items []itemCreate
	for i, m := range c.memory.messages {
		encoded, err := e.history(m)
		if err != nil {
			return fmt.Errorf("message %d of the history: %w", i+1, err)
		}
		items = append(items, encoded...)
	}
	c.warn(e.warnings...)
	for i, item := range items {
		if i > 0 {
			item.PreviousItemID = items[i-1].Item.ID
		}
		if err := c.replayItem(ctx, item); err != nil {
			return fmt.Errorf("item %d of the history: %w", i+1, err)
		}
	}
	return nil
}

func (c *conversation) replayItem(ctx context.Context, item itemCreate) error {
	if c.memory.turns > 0 && !c.acknowledges { // it never does
		c.socket.handle = nil
		return c.socket.send(ctx, item)
	}
	added := func(e *serverEvent) bool { return e.Type == eventItemAdded && e.Item.ID == item.Item.ID }
	_, err := c.request(ctx, item, item.EventID, request{"giving it back", c.config.Timeouts.Session, added})
	c.acknowledges = c.acknowledges || err == nil
	return err
}

func is(eventType string) func(*serverEvent) bool {
	return func(e *serverEvent) bool { return e.Type == eventType }
}

// request is something that the service confirms.
type request struct {
	doing   string
	timeout core.Duration
	// confirms tells the event that does.
	confirms func(*serverEvent) bool
}

// request sends an event, if there is one, and returns the one that confirms
// it. An error event fails it if it names our event or none; outside turns
// nothing else can have caused it.
func (c *conversation) request(ctx context.Context, event any, eventID string, r request) (answer serverEvent, err error) {
	var answered bool
	var refused error
	c.socket.handle = func(e *serverEvent, err error) (wake bool) {
		switch {
		case answered || refused != nil:
			return false
		case err != nil:
			refused = core.Errorf(core.ErrorProtocol, "%s: %w", r.doing, err)
		case e.Type == eventError && !e.Error.benign() && (e.Error.EventID == "" || e.Error.EventID == eventID):
			refused = rejected(e.Error, r.doing)
		case r.confirms(e):
			answer, answered = *e, true
		}
		return answered || refused != nil
	}
	if event != nil {
		if err := c.socket.send(ctx, event); err != nil {
			return serverEvent{}, fmt.Errorf("%s: %w", r.doing, err)
		}
	}
	for deadline := time.Now().Add(r.timeout.Std()); !answered && refused == nil; {
		err := c.socket.wait(ctx, deadline)
		if errors.Is(err, errExpired) {
			return serverEvent{}, core.Errorf(core.ErrorTimeout, "%s: the service did not answer within %s", r.doing, r.timeout)
		}
		if err != nil {
			return serverEvent{}, fmt.Errorf("%s: %w", r.doing, err)
		}
	}
	return answer, refused
}

// rejected explains an error that answers a setting: unlike one of a turn it
// is the configuration's fault, unless its code says otherwise.
func rejected(e serviceError, doing string) *core.Error {
	err := e.err(doing)
	if err.Kind != core.ErrorProtocol {
		return err
	}
	err.Kind = core.ErrorConfig
	if e.Param != "" {
		return err.WithHint("the service names %s", e.Param)
	}
	return err
}
