package wstarget

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// conversation is a conversation on one socket.
type conversation struct {
	target *target
	socket *socket
	start  core.Start
	id     string
	// message is the turn's, turn its number from 1; 0 before the first.
	message core.Message
	turn    int
	taken   map[string]any
	// pieces counts the pieces of sound that were sent.
	pieces int
	// pending is an event that belongs to what comes after the last reply.
	pending *event
	// due is when the next piece of silence is to be sent.
	due time.Time
	// owesEnd says that the end of an earlier reply has not come, which would be taken for
	// that of the next one.
	owesEnd bool
	// doubt is why a reply may be another one than that to the turn; "" for no reason.
	doubt string
	// notes are told with the next reply.
	notes     []string
	connected time.Duration
	// over is why nothing can be sent any more; nil where something can.
	over error
}

var _ core.Conversation = (*conversation)(nil)

// connect opens the socket and the conversation on it.
func (t *target) connect(ctx context.Context, start core.Start) (_ *conversation, err error) {
	within, cancel := context.WithTimeout(ctx, t.config.Timeouts.Connect.Std())
	defer cancel()
	began := time.Now()
	c := &conversation{target: t, start: start, id: fmt.Sprintf("%016x", start.Seed), taken: map[string]any{}}
	if c.socket, err = t.dial(within); err != nil {
		return nil, c.late(ctx, err)
	}
	if err = c.begin(within); err != nil {
		c.socket.close(false)
		return nil, c.late(ctx, err)
	}
	c.connected = time.Since(began)
	return c, nil
}

// late says which time has passed, where it was ours.
func (c *conversation) late(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return core.Errorf(core.ErrorTimeout, "the service was not ready within %s", c.target.config.Timeouts.Connect).WithHint("timeouts.connect, or ready and greeting")
	}
	return err
}

// begin sends the opening messages, and waits for ready and the greeting.
func (c *conversation) begin(ctx context.Context) error {
	if err := c.sendAll(ctx, c.target.plan.opening); err != nil {
		return err
	}
	if c.target.plan.ready == nil && !c.target.plan.greets {
		return nil
	}
	isReady, greeting := c.target.plan.ready == nil, &reply{target: c.target}
	for !isReady || c.target.plan.greets && !greeting.isOver {
		e, err := c.next(ctx, greeting, time.Time{})
		switch {
		case err != nil:
			return err
		case e == nil && c.socket.hasEnded(): // a rule says what that is, but it is no start
			return lost(c.socket.err, c.target.config.MaxMessageBytes)
		case e == nil:
			continue
		case !isReady:
			if isReady, err = holds(ctx, c.target.plan.ready, e.json, c.values()); err != nil {
				return err
			}
		}
		if err := greeting.take(ctx, *e, c.values()); err != nil {
			return err
		}
		if greeting.failure != nil {
			return greeting.failure
		}
	}
	if c.target.plan.greets && c.target.endsAtFirst() {
		if _, err := c.gather(ctx, greeting); err != nil {
			return err
		}
	}
	c.noteSaid("before the first turn", greeting)
	return nil
}

// answer takes values from an event and answers it.
func (c *conversation) answer(ctx context.Context, e event) error {
	if e.isBinary {
		return nil
	}
	if err := c.keep(ctx, e); err != nil {
		return err
	}
	values := c.values()
	for _, a := range c.target.plan.answers {
		isAsked, err := holds(ctx, a.when, e.json, values)
		if err != nil {
			return err
		}
		if !isAsked {
			continue
		}
		all, err := outputs(ctx, a.send, e.json, values)
		if err != nil {
			return err
		}
		for _, v := range all {
			data, err := template.Marshal(v)
			if err != nil {
				return err
			}
			if err := c.socket.write(ctx, []byte(data), false); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep keeps the values that are taken from an event. $taken has those of the events
// before it.
func (c *conversation) keep(ctx context.Context, e event) error {
	values := c.values()
	for name, p := range c.target.plan.take {
		all, err := found(ctx, p, e.json, values)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			c.taken[name] = all[0]
		}
	}
	return nil
}

// noteSaid keeps what the service said outside of a reply.
func (c *conversation) noteSaid(when string, r *reply) {
	var said []string
	if len(r.text) > 0 {
		said = append(said, phrase.ShortenBytes(string(r.text), maxWords))
	}
	if len(r.sound) > 0 {
		if clip, err := c.target.config.Sound.decodeClip(r.sound); err == nil {
			said = append(said, fmt.Sprintf("(%s of sound)", clip.Duration().Round(time.Millisecond)))
		}
	}
	if len(said) > 0 {
		c.notes = append(c.notes, when+" the service said: "+strings.Join(said, " "))
	}
}

// values are those of jq's variables.
func (c *conversation) values() []any {
	return []any{c.id, c.turn, int(c.start.Seed & (1<<31 - 1)), maps.Clone(c.taken)}
}

// value implements [template.Source].
func (c *conversation) value(name string) (template.Value, error) {
	switch root, rest, _ := strings.Cut(name, "."); root {
	case "secrets":
		return template.Text(c.target.config.Secrets[rest].Reveal()), nil
	case "taken":
		v, ok := c.taken[rest]
		if !ok {
			return template.Value{}, core.Errorf(core.ErrorProtocol, "no event has held %q yet", rest)
		}
		return template.JSON(v), nil
	}
	switch name {
	case "prompt":
		return template.Text(template.TextOf(c.message)), nil
	case "system_prompt":
		return template.Text(c.start.SystemPrompt), nil
	case "history":
		return template.JSON(template.MessagesOf(c.start.History)), nil
	case "conversation":
		return template.Text(c.id), nil
	case "turn":
		return template.JSON(c.turn), nil
	case "seed":
		return template.JSON(int(c.start.Seed & (1<<31 - 1))), nil
	}
	return template.Value{}, core.Errorf(core.ErrorInternal, "there is no such placeholder")
}

// sendTemplate sends a message with its placeholders filled in.
func (c *conversation) sendTemplate(ctx context.Context, t template.Template, values template.Source) error {
	text, err := t.Render(values)
	if err == nil && !utf8.ValidString(text) {
		err = core.Errorf(core.ErrorInput, "the text is not UTF-8, which a text message cannot carry")
	}
	if core.KindOf(err) == core.ErrorInput {
		return core.Errorf(core.ErrorInput, "%w", err).WithHint("encode it, such as $(prompt|base64), or with a converter")
	}
	if err != nil {
		return err
	}
	return c.socket.write(ctx, []byte(text), false)
}

// sendPiece sends one piece of sound.
func (c *conversation) sendPiece(ctx context.Context, piece []byte) error {
	c.pieces++
	if c.target.config.Sound.Binary {
		return c.socket.write(ctx, piece, true)
	}
	return c.sendTemplate(ctx, c.target.plan.sound, func(name string) (template.Value, error) {
		switch name {
		case "sound":
			return template.File(string(piece)), nil
		case "sound_number":
			return template.JSON(c.pieces), nil
		case "sound_time":
			return template.JSON(int64(c.pieces-1) * c.target.config.Sound.Piece.Std().Milliseconds()), nil
		}
		return c.value(name)
	})
}

// End sends the closing messages and closes the socket.
func (c *conversation) End(ctx context.Context) error {
	if c.over == nil {
		ctx, cancel := context.WithTimeout(ctx, closingTime)
		defer cancel()
		_ = c.sendAll(ctx, c.target.plan.closing) // where that fails, the service has gone
		c.socket.close(true)
		c.over = core.Errorf(core.ErrorInternal, "the conversation has ended")
	}
	return nil
}
