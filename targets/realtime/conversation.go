package realtime

import (
	"context"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// conversation is the state of a conversation and its present session. It
// outlives its sessions.
type conversation struct {
	target *target
	config *Config
	// instructions are the system prompt; nil keeps the service's default.
	instructions *string
	memory       memory
	ledger       ledger
	session      *session
	ended        bool
}

var _ core.Interruptible = (*conversation)(nil)

func newConversation(t *target, start core.Start) *conversation {
	c := &conversation{target: t, config: &t.config, session: &session{}}
	c.ledger.unknownTypes = map[string]bool{}
	if start.SystemPrompt != "" {
		c.instructions = &start.SystemPrompt
	}
	c.memory.messages = slices.Clone(start.History)
	return c
}

// shared returns what a turn in the present session needs of the conversation.
func (c *conversation) shared() shared {
	return shared{config: c.config, terms: &c.session.terms, ledger: &c.ledger, audio: &c.target.audio}
}

// Send sends one turn and waits for the end of the reply. Of a reply that broke
// off, the part that arrived is returned with the error.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	if len(replies) == 0 {
		return core.Reply{}, err
	}
	return replies[0], err
}

// Exchange sends turns, each after the first while the reply to the one before
// plays. The part that arrived of a reply that broke off is the last of the
// replies.
func (c *conversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	err := c.usable(ctx)
	if err == nil {
		replies, err = c.exchange(ctx, messages)
	}
	for i := range replies {
		c.target.access.HideIn(&replies[i])
	}
	if err != nil {
		return replies, c.target.explain(err)
	}
	return replies, nil
}

func (c *conversation) usable(ctx context.Context) error {
	if c.ended {
		return core.Errorf(core.ErrorInternal, "the conversation has ended")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// exchange runs turns. A turn whose response was not requested before the
// connection was lost is run again on a new connection: it was not answered,
// and the items that the service received were lost with the session.
func (c *conversation) exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	for tries := 0; len(messages) > 0; {
		finished, broken, err := c.runTurns(ctx, messages)
		for _, turn := range finished {
			if !turn.message.Delivery.OutOfBand {
				c.memory.add(turn.number, turn.message, turn.reply)
			}
			replies, tries = append(replies, turn.reply), 0
		}
		messages = messages[len(finished):]
		if err == nil {
			continue
		}
		if broken != nil {
			replies = append(replies, *broken)
		}
		if !wasNotAsked(err) || ctx.Err() != nil || tries >= c.config.Reconnects {
			return replies, err
		}
		tries++
	}
	return replies, nil
}

// runTurns runs the first turn, and those that can be sent while replies play.
// It returns the turns that were answered and, with an error, the part of a
// reply that arrived.
func (c *conversation) runTurns(ctx context.Context, messages []core.Message) ([]finishedTurn, *core.Reply, error) {
	if err := c.ready(ctx); err != nil {
		return nil, nil, err
	}
	t, err := c.begin(ctx, messages[0])
	if err != nil {
		return nil, nil, aboutTheAnswer(err)
	}
	callerLeaves, _ := ctx.Deadline()
	x := newExchange(t, messages[1:], callerLeaves)
	c.session.used = true
	t.connect, c.session.connected = c.session.connected, 0
	c.session.socket.run(ctx, x)
	x.turns.release()
	return x.finished, x.broken, aboutTheAnswer(hungUp(x.err))
}

// begin encodes a message and updates the service's instructions to those of
// the message.
func (c *conversation) begin(ctx context.Context, m core.Message) (*turn, error) {
	t, err := c.shared().newTurn(m)
	if err == nil && m.Delivery.OutOfBand {
		err = t.makeOutOfBand(&c.memory)
	}
	if err != nil || m.Delivery.SystemPrompt == nil {
		return t, err
	}
	if err = c.instruct(ctx, *m.Delivery.SystemPrompt); err == nil {
		return t, nil
	}
	if core.KindOf(err) != core.ErrorConfig { // the service may or may not have applied it
		c.session.terms.outOfSync = true
		err = t.asNotAsked(err, ctx.Err() != nil)
	}
	return nil, err
}

// End closes the websocket.
func (c *conversation) End(context.Context) error {
	if !c.ended {
		c.ended = true
		c.session.disconnect()
	}
	return nil
}
