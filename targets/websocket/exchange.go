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
	r := &reply{target: c.target, warnings: warnings}
	began := time.Now()
	if err = c.drain(ctx); err == nil {
		err = c.exchange(ctx, sound, r, &began)
	}
	out := r.result(began)
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

// check returns the sound of a message that can be sent.
func (c *conversation) check(m core.Message) (sound []byte, warnings []string, err error) {
	s := c.target.config.Sound
	for _, p := range m.Parts {
		if p.Modality != core.Text && p.Modality != core.Audio {
			return nil, nil, core.Errorf(core.ErrorUnsupported, "the service is sent text and sound, not %s", p.Modality)
		}
		if p.Modality == core.Audio && !s.Binary && s.Message == nil {
			return nil, nil, core.Errorf(core.ErrorInput, "the campaign does not say how sound is sent").WithHint("give sound.message or sound.binary")
		}
	}
	if !m.Delivery.IsZero() {
		return nil, nil, core.Errorf(core.ErrorUnsupported, "turns are sent one after the other, in no other way")
	}
	return s.soundOf(m)
}

// drain takes what the service sent between two turns: no part of the next reply.
func (c *conversation) drain(ctx context.Context) error {
	between := &reply{target: c.target}
	for {
		select {
		case e := <-c.socket.events:
			if err := c.answer(ctx, e); err != nil {
				return err
			}
			if err := between.take(ctx, e, c.values(), time.Now()); err != nil {
				return err
			}
			if between.failure != nil {
				return between.failure
			}
		default:
			c.noteSaid("before this turn was sent", between)
			return nil
		}
	}
}

// exchange sends the turn and reads the reply, which can end once all is sent. began
// becomes the time when it was.
func (c *conversation) exchange(ctx context.Context, sound []byte, r *reply, began *time.Time) error {
	if err := c.sendTurn(ctx, sound, r); err != nil {
		return err
	}
	*began = time.Now()
	limit := c.target.config.Timeouts.Turn.Std()
	within, cancel := context.WithTimeoutCause(ctx, limit,
		core.Errorf(core.ErrorTimeout, "no whole reply within %s", limit).WithHint("timeouts.turn; or the reply has another end than the campaign says"))
	defer cancel()
	silence := c.silence()
	for due := time.Now(); !r.isOver; {
		if silence != nil && !time.Now().Before(due) {
			if err := c.sendPiece(within, silence); err != nil {
				return err
			}
			due = due.Add(c.target.config.Sound.Piece.Std())
		}
		until := due
		if silence == nil {
			until = time.Time{}
		}
		if err := c.readUntil(within, r, until); err != nil {
			return err
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
			if err := c.readUntil(ctx, r, due); err != nil {
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

// readUntil takes one event, or none until a time, unless that is zero.
func (c *conversation) readUntil(ctx context.Context, r *reply, due time.Time) error {
	e, err := c.next(ctx, r, due)
	if e == nil || err != nil {
		return err
	}
	return r.take(ctx, *e, c.values(), time.Now())
}
