package wstarget

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// settles is how long nothing may come after the end of a reply which is not certain to
// be its end.
const settles = 250 * time.Millisecond

// next returns the next event, after what it is answered; nil where the reply has
// ended because nothing came, and at the time due, unless that is zero.
func (c *conversation) next(ctx context.Context, r *reply, due time.Time) (*event, error) {
	if ctx.Err() != nil { // whatever else comes
		return nil, context.Cause(ctx)
	}
	if e := c.arrived(); e != nil {
		return c.use(ctx, r, e)
	}
	var quiet, isDue <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		isDue = timer.C
	}
	if q := c.target.config.Reply.Quiet.Std(); q > 0 && r.hasBegun() {
		timer := time.NewTimer(time.Until(r.last.Add(q)))
		defer timer.Stop()
		quiet = timer.C
	}
	select {
	case e := <-c.socket.events:
		c.socket.release(e)
		return c.use(ctx, r, &e)
	case <-c.socket.ended:
		if e := c.arrived(); e != nil { // what came before the end
			return c.use(ctx, r, e)
		}
		return nil, c.closed(r)
	case <-quiet:
		r.endQuietly()
		return nil, nil
	case <-isDue:
		return nil, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// arrived returns an event that has arrived; nil for none.
func (c *conversation) arrived() *event {
	if e := c.pending; e != nil {
		c.pending = nil
		return e
	}
	select {
	case e := <-c.socket.events:
		c.socket.release(e)
		return &e
	default:
		return nil
	}
}

// use answers an event, and returns it. One that came too late to be part of a reply
// which ends when nothing comes is kept for what follows.
func (c *conversation) use(ctx context.Context, r *reply, e *event) (*event, error) {
	if q := c.target.config.Reply.Quiet.Std(); q > 0 && r.hasBegun() && e.at.Sub(r.last) >= q {
		c.pending = e
		r.endQuietly()
		return nil, nil
	}
	return e, c.answer(ctx, *e)
}

// closed ends the reply as a rule says for the code with which the service closed the
// connection. It is an error where none does.
func (c *conversation) closed(r *reply) error {
	if closed, ok := errors.AsType[*websocket.CloseError](c.socket.err); ok {
		for _, rule := range c.target.plan.rules {
			if slices.Contains(rule.close, closed.Code) && (rule.regex == nil || rule.regex.MatchString(closed.Text)) {
				r.apply(rule.is, closed.Text)
				return nil
			}
		}
	}
	return lost(c.socket.err, c.target.config.MaxMessageBytes)
}

// unsent takes what has come before the connection ended while a turn was sent.
func (c *conversation) unsent(ctx context.Context, r *reply) error {
	for e := c.arrived(); e != nil; e = c.arrived() {
		if err := r.take(ctx, *e, c.values()); err != nil {
			return err
		}
	}
	r.isOver = false
	return c.closed(r)
}

// readUntil takes one event, or none until a time, unless that is zero, and reports whether
// there was one.
func (c *conversation) readUntil(ctx context.Context, r *reply, due time.Time) (bool, error) {
	e, err := c.next(ctx, r, due)
	if e == nil || err != nil {
		return false, err
	}
	return true, r.take(ctx, *e, c.values())
}

// listen takes events until the reply is over, or until a time, unless that is zero: what
// has arrived by then is taken, however late it is looked at. Meanwhile silence is sent,
// where the campaign says so.
func (c *conversation) listen(ctx context.Context, r *reply, latest time.Time) error {
	silence := c.silence()
	for !r.isOver {
		until := latest
		if silence != nil {
			if !time.Now().Before(c.due) {
				if err := c.sendPiece(ctx, silence); err != nil {
					return err
				}
				c.due = c.due.Add(c.target.config.Sound.Piece.Std())
			}
			if until.IsZero() || c.due.Before(until) {
				until = c.due
			}
		}
		hasCome, err := c.readUntil(ctx, r, until)
		if err != nil {
			return err
		}
		if !hasCome && !latest.IsZero() && !time.Now().Before(latest) {
			return nil
		}
	}
	return nil
}

// silence is the piece that is sent while a reply is waited for; nil for none.
func (c *conversation) silence() []byte {
	if s := c.target.config.Sound; s.Silence && (s.Binary || s.Message != nil) {
		return s.silence()
	}
	return nil
}

// settle waits for what may follow the end of a reply that is not certain to be its end:
// of a reply that has nothing, whose end may be a second one of the reply before; of a
// reply that a rule has ended, whose end may come as well; and of one whose first event
// is taken for all of it.
func (c *conversation) settle(ctx context.Context, r *reply) error {
	switch isRuled := r.failure != nil || r.finish != ""; {
	case c.socket.hasEnded() || r.isQuiet:
		return nil
	case isRuled && c.target.plan.end != nil && !r.hasEnd:
		rest := &reply{target: c.target}
		if err := c.listen(ctx, rest, time.Now().Add(settles)); err != nil && ctx.Err() == nil {
			return nil // what a rule says stands, and the next turn is told why there is none
		}
		c.owesEnd = !rest.isOver
		c.noteSaid("after the reply", rest)
	case isRuled:
		return nil
	case !r.hasBegun():
		r.isOver = false
		if err := c.listen(ctx, r, time.Now().Add(settles)); err != nil || !r.hasBegun() {
			return err
		}
		return c.listen(ctx, r, time.Time{})
	case c.target.endsAtFirst():
		goesOn, err := c.gather(ctx, r)
		if goesOn {
			r.finish, r.detail = core.FinishUnconfirmed, "the service went on after the event that is to be the reply; say where a reply ends with reply.end"
		}
		return err
	}
	return nil
}

// gather adds to a reply whose first event is taken for all of it what comes until nothing
// has come for a time, and reports whether that is anything.
func (c *conversation) gather(ctx context.Context, r *reply) (bool, error) {
	goesOn := false
	for {
		more := &reply{target: c.target}
		if err := c.listen(ctx, more, time.Now().Add(settles)); err != nil {
			if c.socket.hasEnded() && ctx.Err() == nil {
				err = nil // the next turn is told
			}
			return goesOn, err
		}
		if !more.hasBegun() {
			return goesOn, nil
		}
		goesOn = true
		r.join(more)
	}
}

// drain takes what the service sent between two turns: no part of the next reply.
func (c *conversation) drain(ctx context.Context) error {
	between := &reply{target: c.target}
	for e := c.arrived(); e != nil; e = c.arrived() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.answer(ctx, *e); err != nil {
			return err
		}
		if err := between.take(ctx, *e, c.values()); err != nil {
			return err
		}
		if between.failure != nil {
			return between.failure
		}
	}
	if between.isOver {
		c.owesEnd = false
	}
	defer c.noteSaid("before this turn was sent", between)
	switch {
	case c.socket.hasEnded():
		return lost(c.socket.err, c.target.config.MaxMessageBytes).WithHint("where the service closes the connection after each reply, an attack can have one turn")
	case between.hasBegun() && c.target.endsAtFirst():
		c.doubt = "the service spoke after the reply before was taken for over, so that this may be a part of it; say where a reply ends with reply.end"
	case between.hasBegun() && !between.hasEnd && c.target.plan.end != nil:
		between.isOver, c.due = false, time.Now()
		if err := c.listen(ctx, between, c.due.Add(settles)); err != nil {
			return err
		}
		if !between.isOver {
			c.doubt = "the service was speaking when a turn was sent, so that this may be what it was saying"
		}
	}
	return nil
}
