package realtime

import (
	"context"
	"slices"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// conversation is what has been said, and the session in which it is being
// said. It outlives its sessions.
type conversation struct {
	target *target
	config Config
	// instructions are the system prompt; nil leaves the service its own.
	instructions *string
	memory       memory
	*session
	// acknowledges says that the service confirms the items that it is sent.
	acknowledges bool

	ids   int
	turns int // that were begun
	// replayed says that the service had lost the conversation once.
	replayed bool
	// warnings wait for the reply of the next turn.
	warnings []string
	// strange are the unknown types of events that were remarked upon.
	strange map[string]bool
	ended   bool
}

var _ core.Interruptible = (*conversation)(nil)

func newConversation(t *target, start core.Start) *conversation {
	c := &conversation{target: t, config: t.config, session: &session{}, strange: map[string]bool{}}
	if start.SystemPrompt != "" {
		c.instructions = &start.SystemPrompt
	}
	c.memory.messages = slices.Clone(start.History)
	return c
}

// nextID returns an id that no other event or item of the conversation has. It
// is short: the protocol allows 32 characters.
func (c *conversation) nextID(prefix string) string {
	c.ids++
	return prefix + "_" + strconv.Itoa(c.ids)
}

func (c *conversation) encoder() *encoder {
	return &encoder{input: c.input, nextID: c.nextID, detects: c.config.TurnDetection.on()}
}

// Send delivers one turn and waits for the end of the reply.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	if err != nil {
		return core.Reply{}, err
	}
	return replies[0], nil
}

// Exchange delivers turns, each after the first over the reply to the one
// before.
func (c *conversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	defer c.leave() // a panic must not keep the floor
	var replies []core.Reply
	err := c.usable(ctx)
	if err == nil {
		replies, err = c.exchange(ctx, messages)
	}
	for i := range replies {
		c.target.secrets.clean(&replies[i])
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

func (c *conversation) exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	var begun *turn // over the reply to the one before
	for i, m := range messages {
		var over *core.Message
		if i+1 < len(messages) {
			over = &messages[i+1]
		}
		reply, next, err := c.say(ctx, m, begun, over)
		if err != nil {
			return replies, err
		}
		replies, begun = append(replies, reply), next
	}
	return replies, nil
}

// say holds one turn, which may have begun, and of whose reply another may be
// said over; it returns that if it has begun. A turn that could not be asked
// for because the connection was lost is held again on another: nothing was
// answered, and what the service heard of it went with its session.
func (c *conversation) say(ctx context.Context, m core.Message, t *turn, over *core.Message) (core.Reply, *turn, error) {
	for tries := 0; ; tries++ {
		var err error
		if t == nil {
			t, err = c.begin(ctx, m)
		}
		var reply core.Reply
		if err == nil {
			reply, err = t.hold(ctx, over)
		}
		if err == nil && t.next != nil {
			return reply, t.next, nil // which is being listened to
		}
		c.leave()
		if err == nil {
			return reply, nil, nil
		}
		if !wasNotAsked(err) || tries >= c.config.Reconnects {
			return core.Reply{}, nil, err
		}
		t = nil
	}
}

// begin makes sure of the connection and delivers a turn.
func (c *conversation) begin(ctx context.Context, m core.Message) (*turn, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	c.attend()
	t, err := c.newTurn(m)
	if err != nil {
		return nil, err
	}
	if prompt := m.Delivery.SystemPrompt; prompt != nil {
		err := c.instruct(ctx, *prompt)
		if err != nil && core.KindOf(err) != core.ErrorConfig { // not refused: it may or may not hold
			c.unsure = true
			err = t.untried(ctx, err)
		}
		if err != nil {
			return nil, err
		}
	}
	c.socket.handle = t.handle
	return t, t.deliver(ctx)
}

// attend listens to the service until leave.
func (c *conversation) attend() {
	c.attending = true
	c.socket.attend()
}

func (c *conversation) leave() {
	if c.attending {
		c.attending = false
		c.socket.leave()
	}
}

// End closes the websocket.
func (c *conversation) End(context.Context) error {
	if !c.ended {
		c.ended = true
		c.disconnect()
	}
	return nil
}
