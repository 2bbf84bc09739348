package realtime

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// session is a websocket with the terms agreed on it.
type session struct {
	socket *socket
	terms  terms
	// expires is when the service ends the session; zero if not known.
	expires time.Time
	// connected is how long it took to connect; zero after the first turn has
	// reported it.
	connected time.Duration
	// used says that a turn has begun in the session.
	used bool
}

// disconnect closes the websocket, if there is one.
func (s *session) disconnect() {
	if s.socket != nil {
		s.socket.close()
	}
}

// connect opens a session and sends the conversation so far. The session before
// is closed once there is a new one.
func (c *conversation) connect(ctx context.Context) error {
	before := c.session
	c.session = &session{}
	started := time.Now()
	if err := c.open(ctx); err != nil {
		c.session.disconnect()
		c.session = before
		return aboutTheWay(err)
	}
	c.session.socket.forget()
	c.session.connected = time.Since(started)
	before.disconnect()
	return nil
}

func (c *conversation) open(ctx context.Context) error {
	// The time to connect covers the handshake and session.created.
	dialing, cancel := context.WithTimeoutCause(ctx, c.config.Timeouts.Connect.Std(),
		core.Errorf(core.ErrorTimeout, "the service opened no session within %s", c.config.Timeouts.Connect))
	defer cancel()
	greeting := c.confirmation("connecting", c.config.Timeouts.Connect, is(eventSessionCreated))
	var err error
	if c.session.socket, err = c.target.dial(dialing, greeting); err != nil {
		return err
	}
	if c.config.CallID == "" { // the session of a call is announced to whoever has opened it
		if err := c.awaitSession(dialing, greeting); err != nil {
			return err
		}
	}
	if err := c.configure(ctx); err != nil {
		return err
	}
	return c.replay(ctx)
}

// awaitSession waits for session.created, which the service sends unasked. An
// error event before it refuses the connection.
func (c *conversation) awaitSession(ctx context.Context, greeting *confirmation) error {
	created, err := c.confirmed(ctx, greeting)
	if err != nil {
		return err
	}
	var session struct {
		Expires int64 `json:"expires_at"` // in seconds since 1970
	}
	if err := json.Unmarshal(created.Session, &session); err == nil && session.Expires > 0 {
		c.session.expires = time.Unix(session.Expires, 0)
	}
	return nil
}

// configure sends the settings and reads those that the service applied.
func (c *conversation) configure(ctx context.Context) error {
	said, err := c.update(ctx, "setting the session up", c.config.settings(c.instructions), c.config.listedServers())
	if err != nil {
		return err
	}
	agreed := &c.session.terms
	if agreed.input, err = negotiated(c.config.inputFormat(), said.format("input")); err != nil {
		return fmt.Errorf("setting the session up: input: %w", err)
	}
	if agreed.output, err = negotiated(c.config.outputFormat(), said.format("output")); err != nil {
		return fmt.Errorf("setting the session up: output: %w", err)
	}
	agreed.transcribes = c.config.TranscriptionModel != "" && said.transcribes()
	return nil
}

// instruct replaces the system prompt.
func (c *conversation) instruct(ctx context.Context, prompt string) error {
	if _, err := c.update(ctx, "changing the system prompt", sessionConfig{Type: "realtime", Instructions: &prompt}, 0); err != nil {
		return err
	}
	c.instructions = &prompt
	return nil
}

// update changes settings, and records those that the service applied. servers is
// the number of MCP servers whose tools the service lists then: a response that is
// asked for before would do without them.
func (c *conversation) update(ctx context.Context, doing string, settings sessionConfig, servers int) (echo, error) {
	update := sessionUpdate{Type: "session.update", EventID: c.ledger.nextID("ev"), Session: c.target.endpoint.dialect.session(settings)}
	listing := listing{servers: servers}
	_, err := c.confirmed(ctx, c.confirmation(doing, c.config.Timeouts.Session, listing.confirms).of(update, update.EventID))
	switch {
	case err != nil && (!listing.updated || ctx.Err() != nil || core.KindOf(err) != core.ErrorTimeout):
		return nil, err
	case listing.failed > 0:
		return nil, core.Errorf(core.ErrorUnavailable, "%s: the service could not list the tools of %d of %d MCP servers", doing, listing.failed, servers).
			WithHint("look at server_url and authorization of the tools: the service connects to the server itself")
	case err != nil:
		c.ledger.warn("the service did not say that it has listed the tools of the MCP servers: the target may do without them")
	}
	said, err := readEcho(listing.session)
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "%s: reading the service's answer: %w", doing, err)
	}
	differences, err := said.differences(update.Session)
	c.ledger.warn(differences...)
	return said, err
}

// replay sends the conversation so far. Each item names the one before as its
// predecessor, so that the order is certain.
func (c *conversation) replay(ctx context.Context) error {
	e := c.shared().encoder()
	var items []itemCreate
	for i, m := range c.memory.messages {
		encoded, err := e.history(m)
		if err != nil {
			return fmt.Errorf("message %d of the history: %w", i+1, err)
		}
		items = append(items, encoded...)
	}
	c.ledger.warn(e.warnings...)
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
	if c.memory.turns > 0 && !c.ledger.acknowledges { // the service never confirms items
		return c.session.socket.send(ctx, item)
	}
	added := func(e *serverEvent) bool { return e.Type == eventItemAdded && e.Item.ID == item.Item.ID }
	_, err := c.confirmed(ctx, c.confirmation("giving it back", c.config.Timeouts.Session, added).of(item, item.EventID))
	c.ledger.acknowledges = c.ledger.acknowledges || err == nil
	return err
}

// listing waits for session.updated, and for the tools of MCP servers. Either may
// come first.
type listing struct {
	servers int

	updated        bool
	session        json.RawMessage // of session.updated
	listed, failed int
}

// confirms takes an event, and reports whether all have come.
func (l *listing) confirms(e *serverEvent) bool {
	switch e.Type {
	case eventSessionUpdated:
		l.updated, l.session = true, e.Session
	case eventListedTools:
		l.listed++
	case eventListedNoTools:
		l.failed++
	}
	return l.updated && l.listed+l.failed >= l.servers
}
