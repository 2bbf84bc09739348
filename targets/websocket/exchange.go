package wstarget

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// Send sends a turn and waits for the end of the reply. The connection is closed where
// that does not come: a late reply would be taken for the next one.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if c.over != nil {
		return core.Reply{}, c.over
	}
	if ctx.Err() != nil {
		return core.Reply{}, context.Cause(ctx)
	}
	sound, warnings, err := c.check(m)
	if err != nil {
		return core.Reply{}, err
	}
	c.message, c.turn = m, c.turn+1
	began := time.Now()
	r, err := c.ask(ctx, sound, &began)
	r.warnings = append(warnings, r.warnings...)
	out := r.result(began)
	c.target.judgeHeard(&out, r.isHeardTold, m)
	out.Timing.Connect, c.connected = c.connected, 0
	out.Warnings, c.notes = append(c.notes, out.Warnings...), nil
	switch {
	case err != nil:
		err = c.target.explain(err)
		if core.KindOf(err) != core.ErrorInput {
			c.socket.close(false)
			c.over = core.Errorf(core.ErrorUnavailable, "the conversation is over since an earlier turn failed: %w", err).About(core.SubjectAnswer)
		}
	case r.failure != nil:
		err = c.target.explain(r.failure)
	default:
		c.suspect(&out, r)
		c.target.access.HideIn(&out)
		return out, nil
	}
	if out.Message.Empty() {
		return core.Reply{}, err
	}
	out.Finish, out.Detail = core.FinishBroken, ""
	c.target.access.HideIn(&out)
	return out, err
}

// ask sends a turn, after what came before it was taken, and returns what there is of its
// reply.
func (c *conversation) ask(ctx context.Context, sound []byte, began *time.Time) (*reply, error) {
	within, cancel := c.within(ctx)
	defer cancel()
	if err := c.drain(within); err != nil {
		return &reply{target: c.target}, err
	}
	r := &reply{target: c.target, owed: c.owesEnd}
	c.owesEnd = false
	return r, c.exchange(ctx, sound, r, began)
}

// suspect makes a reply unconfirmed that may be another one than that to its turn.
func (c *conversation) suspect(out *core.Reply, r *reply) {
	if c.doubt != "" && out.Finish.Conclusive() {
		out.Finish, out.Detail = core.FinishUnconfirmed, c.doubt
	}
	if !r.hasBegun() && r.finish == "" {
		c.doubt = "an earlier turn was answered with nothing, so that this may be the answer to it"
	}
}

// check returns the sound of a message that can be sent.
func (c *conversation) check(m core.Message) (sound []byte, warnings []string, err error) {
	if err := c.target.plan.carriesMessage(m); err != nil {
		return nil, nil, err
	}
	if !m.Delivery.IsZero() {
		return nil, nil, core.Errorf(core.ErrorUnsupported, "turns are sent one after the other, in no other way")
	}
	return c.target.config.Sound.soundOf(m)
}

// exchange sends the turn and reads the reply, which can end once all is sent. began
// becomes the time when it was.
func (c *conversation) exchange(ctx context.Context, sound []byte, r *reply, began *time.Time) error {
	if err := c.sendTurn(ctx, sound, r); err != nil {
		if c.socket.wasClosed() && r.failure == nil {
			return c.unsent(ctx, r)
		}
		return err
	}
	*began = time.Now()
	within, cancel := c.within(ctx)
	defer cancel()
	c.due = *began
	if err := c.listen(within, r, time.Time{}); err != nil {
		return err
	}
	return c.settle(within, r)
}

// within bounds the time that the service has.
func (c *conversation) within(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := c.target.config.Timeouts.Turn.Std()
	return context.WithTimeoutCause(ctx, limit,
		core.Errorf(core.ErrorTimeout, "no whole reply within %s", limit).WithHint("timeouts.turn; or the reply has another end than the campaign says"))
}

// sendTurn sends the messages and the sound of a turn. What the service says in the
// meantime is part of the reply, which does not end by it.
func (c *conversation) sendTurn(ctx context.Context, sound []byte, r *reply) error {
	plan := c.target.plan
	if len(sound) == 0 {
		return c.sendAll(ctx, plan.message)
	}
	if template.TextOf(c.message) != "" {
		if err := c.sendAll(ctx, plan.message); err != nil {
			return err
		}
	}
	if err := c.sendAll(ctx, plan.before); err != nil {
		return err
	}
	if err := c.sendSound(ctx, sound, r); err != nil {
		return err
	}
	return c.sendAll(ctx, plan.after)
}

func (c *conversation) sendAll(ctx context.Context, messages []template.Template) error {
	for _, m := range messages {
		if err := c.sendTemplate(ctx, m, c.value); err != nil {
			return err
		}
	}
	return nil
}

// sendSound sends sound in pieces, at the pace at which they play where the campaign
// says so.
func (c *conversation) sendSound(ctx context.Context, sound []byte, r *reply) error {
	due := time.Now()
	for _, piece := range c.target.config.Sound.pieces(sound) {
		if err := c.sendPiece(ctx, piece); err != nil {
			return err
		}
		if !c.target.config.Sound.Pace {
			continue
		}
		due = due.Add(c.target.config.Sound.Piece.Std())
		for time.Now().Before(due) {
			if _, err := c.readUntil(ctx, r, due); err != nil {
				return err
			}
			if r.failure != nil {
				return r.failure
			}
			r.isOver = false
		}
	}
	return nil
}
