package realtime

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// confirmation is the state machine of something that the service confirms: a
// client event, or the connection itself.
type confirmation struct {
	doing   string
	timeout core.Duration
	// confirms reports whether an event is the confirmation.
	confirms func(*serverEvent) bool
	// event is sent first; nil for none. eventID is its id.
	event   any
	eventID string

	deadline time.Time
	answer   serverEvent // the event that confirmed it
	answered bool
	err      error // why there will be no confirmation; nil for none
}

func (c *conversation) confirmation(doing string, timeout core.Duration, confirms func(*serverEvent) bool) *confirmation {
	return &confirmation{doing: doing, timeout: timeout, confirms: confirms}
}

// of makes c wait for the confirmation of an event.
func (c *confirmation) of(event any, eventID string) *confirmation {
	c.event, c.eventID = event, eventID
	return c
}

// confirmed runs a confirmation and returns the event that confirms it.
func (c *conversation) confirmed(ctx context.Context, what *confirmation) (serverEvent, error) {
	c.session.socket.run(ctx, what)
	return what.answer, what.err
}

// on checks whether the event is the answer. An error event is one if it names
// the event that was sent, or none: outside of turns nothing else can have
// caused it.
func (c *confirmation) on(e *serverEvent) (send []any, changed bool) {
	switch {
	case c.done():
	case e.Type == eventError && !e.Error.benign() && (e.Error.EventID == "" || e.Error.EventID == c.eventID):
		c.err = rejected(e.Error, c.doing)
	case c.confirms(e):
		c.answer, c.answered = *e, true
	}
	return nil, c.done()
}

func (c *confirmation) tell(sig signal, now time.Time) (send []any) {
	if c.done() {
		return nil
	}
	switch sig.kind {
	case signalBegan:
		if c.deadline.IsZero() {
			c.deadline = now.Add(c.timeout.Std())
		}
		if c.event != nil {
			return []any{c.event}
		}
	case signalBroken:
		c.err = core.Errorf(core.ErrorProtocol, "%s: %w", c.doing, sig.err)
	case signalUnsent, signalLost:
		c.err = fmt.Errorf("%s: %w", c.doing, sig.err)
	case signalTime, signalSent:
		if !now.Before(c.deadline) {
			c.err = core.Errorf(core.ErrorTimeout, "%s: the service did not answer within %s", c.doing, c.timeout)
		}
	}
	return nil
}

func (c *confirmation) due(time.Time) time.Time { return c.deadline }

func (c *confirmation) done() bool { return c.answered || c.err != nil }

// is returns a function that matches events of a type.
func is(eventType string) func(*serverEvent) bool {
	return func(e *serverEvent) bool { return e.Type == eventType }
}

// rejected explains an error that answers a setting. Other than an error of a
// turn, its kind is core.ErrorConfig unless its code says otherwise.
func rejected(e serviceError, doing string) *core.Error {
	err := e.err(doing)
	if noRoom.MatchString(e.Text()) {
		return full(err)
	}
	if err.Kind != core.ErrorProtocol {
		return err
	}
	err.Kind = core.ErrorConfig
	if e.Param != "" {
		return err.WithHint("the service names %s", e.Param)
	}
	return err
}
