package realtime

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Component returns the target "realtime".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "realtime",
		Summary: "A voice agent behind the Realtime protocol of OpenAI, Azure or a compatible service.",
		Description: "Holds each conversation on one websocket. Turns are text, audio, or both; " +
			"audio in any sane WAV is resampled to what the protocol takes. Replies hold the audio as WAV, " +
			"at the rate the service uses, and the service's transcript of it.",
		In:           []core.Modality{core.Text, core.Audio, core.ToolResult},
		Out:          []core.Modality{core.Text, core.Audio, core.ToolCall},
		Capabilities: []string{core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn},
	}, defaultConfig(), open)
}

// target is a service that conversations are held with. It has no state of its
// own.
type target struct {
	config   Config
	endpoint endpoint
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	e, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	return &target{config: config, endpoint: e}, nil
}

// StartConversation connects, sets the session up and replays the history.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	c := &conversation{target: t, config: t.config}
	if err := c.start(ctx, start); err != nil {
		if c.socket != nil {
			c.socket.close()
		}
		return nil, t.explain(err)
	}
	return c, nil
}

// explain says whom an error is about, and takes out secrets that the other
// side may have repeated.
func (t *target) explain(err error) error {
	err = fmt.Errorf("realtime service at %s: %w", t.endpoint.shown, err)
	text, hint := err.Error(), core.HintOf(err)
	cleanText, cleanHint := text, hint
	for _, secret := range t.config.secrets() {
		cleanText = strings.ReplaceAll(cleanText, secret, core.Secret(secret).String())
		cleanHint = strings.ReplaceAll(cleanHint, secret, core.Secret(secret).String())
	}
	if cleanText == text && cleanHint == hint {
		return err
	}
	// The chain is cut on purpose: it holds the secret.
	clean := &core.Error{Kind: core.KindOf(err), Hint: cleanHint, Err: errors.New(cleanText)}
	if e, ok := errors.AsType[*core.Error](err); ok {
		clean.RetryAfter = e.RetryAfter
	}
	return clean
}

// conversation is one websocket and what was agreed on it.
type conversation struct {
	target *target
	config Config
	socket *socket

	input, output format
	// transcribes says that the service tells what it hears.
	transcribes bool
	ids         int
	turns       int
	// warnings wait for the reply of the first turn.
	warnings []string
	// unsure says that a turn was given up, and that the service may still
	// answer it: the answer to the next could be taken for that of another.
	unsure bool
	ended  bool
}

var _ core.Conversation = (*conversation)(nil)

func (c *conversation) start(ctx context.Context, start core.Start) error {
	// The time to connect covers the handshake and, below, the session's
	// announcement.
	dialing, cancel := context.WithTimeoutCause(ctx, c.config.Timeouts.Connect.Std(),
		core.Errorf(core.KindTimeout, "the service opened no session within %s", c.config.Timeouts.Connect))
	defer cancel()
	var err error
	if c.socket, err = dial(dialing, c.target.endpoint); err != nil {
		return err
	}
	if err := c.awaitSession(dialing); err != nil {
		return err
	}
	if err := c.configure(ctx, start.SystemPrompt); err != nil {
		return err
	}
	if err := c.replay(ctx, start.History); err != nil {
		return err
	}
	c.socket.ignore()
	return nil
}

// nextID returns an id that no other event or item of the socket has.
func (c *conversation) nextID(prefix string) string {
	c.ids++
	return prefix + "_" + strconv.Itoa(c.ids)
}

func (c *conversation) encoder() *encoder {
	return &encoder{input: c.input, nextID: c.nextID}
}

// Send delivers one turn and waits for the end of the reply.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	switch {
	case c.ended:
		return core.Reply{}, c.target.explain(core.Errorf(core.KindInternal, "the conversation has ended"))
	case c.unsure:
		return core.Reply{}, c.target.explain(core.Errorf(core.KindUnavailable,
			"a turn before was given up, and the service may still be answering it").WithHint("start another conversation"))
	case ctx.Err() != nil:
		return core.Reply{}, c.target.explain(context.Cause(ctx))
	}
	c.socket.listen()
	defer c.socket.ignore()
	reply, err := c.turn(ctx, m)
	if err != nil {
		return core.Reply{}, c.target.explain(err)
	}
	return reply, nil
}

// End closes the websocket.
func (c *conversation) End(context.Context) error {
	if !c.ended {
		c.ended = true
		c.socket.close()
	}
	return nil
}
