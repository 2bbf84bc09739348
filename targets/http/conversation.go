package httptarget

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
)

// conversation is a conversation with the service.
type conversation struct {
	target *target
	client *client
	state  *state
	ended  bool
}

var _ core.Conversation = (*conversation)(nil)

// StartConversation sends the requests of the session.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	c, err := t.begin(ctx, start)
	if err != nil {
		return nil, t.explain(err)
	}
	return c, nil
}

func (t *target) begin(ctx context.Context, start core.Start) (*conversation, error) {
	if err := t.plan.carries(start); err != nil {
		return nil, err
	}
	within, cancel := withMargin(ctx)
	defer cancel()
	sender, err := t.newClient(within)
	if err != nil {
		return nil, err
	}
	c := &conversation{target: t, client: sender, state: &state{
		plan: t.plan, id: t.newID(start.Seed), seed: start.Seed, systemPrompt: start.SystemPrompt,
		history: slices.Clone(start.History), taken: map[string]any{},
	}}
	maps.Copy(c.state.taken, t.plan.initial)
	for _, r := range t.plan.session {
		_, o, err := c.ask(within, r)
		if err == nil && o.ends() {
			err = core.Errorf(core.ErrorProtocol, "%s: the service answered: %s", r.at, o.detail)
		}
		if err != nil {
			_ = c.End(ctx) // what was begun is closed as far as it can be; err says more
			return nil, err
		}
	}
	return c, nil
}

// newID returns an identifier in the form of a UUID that no other conversation has,
// in this run or another one.
func (t *target) newID(seed uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d", seed, t.conversations.Add(1), time.Now().UnixNano()))
	const version, variant = 0x80, 0x80 // version 8 of RFC 9562: made by the application's own rules
	sum[6], sum[8] = sum[6]&0x0f|version, sum[8]&0x3f|variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Send sends the requests of a turn.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if err := c.sendable(ctx, m); err != nil {
		return core.Reply{}, c.target.explain(err)
	}
	c.state.message = m
	c.state.turn++
	reply, err := c.exchange(ctx)
	c.target.access.HideIn(&reply)
	if err != nil {
		if core.KindOf(err) == core.ErrorRateLimited {
			c.state.turn-- // it was not heard, and is sent again
		}
		return reply, c.target.explain(aboutTheAnswer(err, c.state.turn))
	}
	if c.state.turn == 2 && c.target.plan.assumed {
		reply.Warnings = append(reply.Warnings, "the service is taken to remember the turn before, as it has a session; "+
			"if it does, write memory: service, and otherwise memory: none")
	}
	doubt(&reply)
	if !reply.Message.Empty() { // what was refused without a word is not part of what was said
		c.state.history = append(c.state.history, m, reply.Message)
	}
	return reply, nil
}

// doubt takes back that a reply is whole whose text says otherwise. A reply that is empty
// stays one: what is sent around a trial is often answered so.
func doubt(r *core.Reply) {
	if !r.Message.Empty() {
		ending.Doubt(r, "the service")
	}
}

// aboutTheAnswer says of an error in a conversation's later turns that it concerns
// the answer: the service was there.
func aboutTheAnswer(err error, turn int) error {
	if turn < 2 || core.SubjectOf(err) != core.SubjectReachability {
		return err
	}
	return &core.Error{Kind: core.KindOf(err), Subject: core.SubjectAnswer, Hint: core.HintOf(err), Err: err}
}

// sendable checks that the conversation can go on, and that the requests carry all
// of a message.
func (c *conversation) sendable(ctx context.Context, m core.Message) error {
	p := c.target.plan
	switch {
	case c.ended:
		return core.Errorf(core.ErrorInternal, "the conversation has ended")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !m.Delivery.IsZero():
		return core.Errorf(core.ErrorUnsupported, "a message can only be sent at once, after the reply to the one before")
	case c.state.turn > 0 && p.memory == memoryNone:
		return p.lacks(core.Restriction{Capability: core.CapabilityMultiTurn}, "the turn before is forgotten: the requests carry neither the conversation nor an ID of it")
	}
	return p.carriesMessage(m)
}

// End sends the requests that close the session.
func (c *conversation) End(ctx context.Context) error {
	if c.ended {
		return nil
	}
	c.ended = true
	var failed []error
	for _, r := range c.target.plan.closing {
		if _, _, err := c.ask(ctx, r); err != nil {
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return c.target.explain(err)
	}
	return nil
}

// cookies returns the conversation's cookies for the service.
func (c *client) cookies() []*http.Cookie { return c.http.Jar.Cookies(c.target.plan.base) }
