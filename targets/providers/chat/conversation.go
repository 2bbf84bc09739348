package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// conversation holds a conversation's messages, which are all sent with each request.
type conversation struct {
	target *target
	system string
	seed   uint64
	// messages are encoded; first is the index of the first one of the user, -1 for
	// none, and opening that message.
	messages []json.RawMessage
	first    int
	opening  core.Message
	// words are those of the messages that are not the assistant's.
	words int
	// open are the calls that have no result.
	open        []sentCall
	fingerprint string
	ended       bool
}

func newConversation(t *target, start core.Start) (*conversation, error) {
	c := &conversation{target: t, system: start.SystemPrompt, seed: start.Seed, first: -1}
	if _, err := t.config.system(start.SystemPrompt); err != nil {
		return nil, fmt.Errorf("the system prompt: %w", err)
	}
	for i, m := range start.History {
		added, err := c.extended(m)
		if err != nil {
			return nil, fmt.Errorf("message %d of the history: %w", i+1, err)
		}
		c.commit(added)
	}
	return c, nil
}

// draft is what a message adds to a conversation.
type draft struct {
	messages []json.RawMessage
	// first is the place of a user's message among them, -1 for none, and opening that
	// message.
	first   int
	opening core.Message
	words   int
	open    []sentCall
	// unanswered are the tools whose calls got no result from the campaign.
	unanswered []string
}

// extended encodes a message, and before it the results of calls that it leaves
// open.
func (c *conversation) extended(m core.Message) (draft, error) {
	d := draft{first: -1, open: slices.Clone(c.open)}
	rest := m
	rest.Parts = nil
	for _, p := range m.Parts {
		if p.Modality != core.ToolResult {
			rest.Parts = append(rest.Parts, p)
		} else if err := d.answer(p.Value); err != nil {
			return d, err
		}
	}
	for _, open := range d.open {
		d.unanswered = append(d.unanswered, open.Name)
		if err := d.add(result(open, tool.NoResult)); err != nil {
			return d, err
		}
	}
	d.open = nil
	if len(rest.Parts) == 0 && len(d.messages) > 0 {
		return d, nil
	}
	return d, d.say(&c.target.config, rest)
}

// say adds a message that is no result.
func (d *draft) say(config *Config, m core.Message) error {
	if m.Role != core.Assistant {
		d.words += openaiapi.CountWords(m.Text())
	}
	switch m.Role {
	case core.System:
		return d.add(config.system(m.Text()))
	case core.Assistant:
		a, err := assistantOf(m)
		if err != nil {
			return err
		}
		d.open = a.calls
		return d.add(a.encode())
	case core.User, core.Tool:
		d.first, d.opening = len(d.messages), m
		return d.add(config.user(m, ""))
	}
	return core.Errorf(core.ErrorInput, "a message has the role %q", m.Role)
}

func (d *draft) add(encoded json.RawMessage, err error) error {
	if err == nil {
		d.messages = append(d.messages, encoded)
	}
	return err
}

// answer adds the result of an open call.
func (d *draft) answer(v core.Value) error {
	r, err := tool.ReadResult(v)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.open, func(c sentCall) bool { return c.ID == r.ID })
	if i < 0 {
		return tool.NotOpen(r.ID)
	}
	open := d.open[i]
	d.open = slices.Delete(d.open, i, i+1)
	d.words += openaiapi.CountWords(r.Output)
	return d.add(result(open, r.Output))
}

// commit makes a draft part of the conversation.
func (c *conversation) commit(d draft) {
	if d.first >= 0 && c.first < 0 {
		c.first, c.opening = len(c.messages)+d.first, d.opening
	}
	c.messages = append(c.messages, d.messages...)
	c.words += d.words
	c.open = d.open
}

// body returns a request with the conversation and a draft.
func (c *conversation) body(system string, d draft, usage bool) ([]byte, error) {
	t := c.target
	all := slices.Concat(c.messages, d.messages)
	if system != "" && t.config.SystemRole == "user" {
		if err := c.instruct(all, system, d); err != nil {
			return nil, err
		}
	} else if system != "" {
		encoded, err := t.config.system(system)
		if err != nil {
			return nil, fmt.Errorf("the system prompt: %w", err)
		}
		all = slices.Insert(all, 0, encoded)
	}
	size := len(t.parameters) + 128
	for _, m := range all {
		size += len(m) + 1
	}
	body := bytes.NewBuffer(make([]byte, 0, size))
	body.Write(t.parameters[:len(t.parameters)-1]) // without its last brace
	if t.config.SeedPerTrial {
		fmt.Fprintf(body, `,"seed":%d`, c.seed&seedBits)
	}
	if t.config.Stream {
		body.WriteString(`,"stream":true`)
		if usage {
			body.WriteString(`,"stream_options":{"include_usage":true}`)
		}
	}
	body.WriteString(`,"messages":[`)
	for i, m := range all {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(m)
	}
	body.WriteString("]}")
	return body.Bytes(), nil
}

// seedBits are the bits of a trial's seed that are sent: servers take 31 of them, or
// more.
const seedBits = 1<<31 - 1

// instruct puts a system prompt before the first message of the user.
func (c *conversation) instruct(all []json.RawMessage, system string, d draft) error {
	first, opening := c.first, c.opening
	if first < 0 && d.first >= 0 {
		first, opening = len(c.messages)+d.first, d.opening
	}
	if first < 0 {
		return core.Errorf(core.ErrorInput, "there is no message of the user to put the system prompt before")
	}
	encoded, err := c.target.config.user(opening, system)
	if err == nil {
		all[first] = encoded
	}
	return err
}

// Send sends all messages so far with the next one, and reads the reply.
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	return c.target.service.Present(c.send(ctx, m))
}

func (c *conversation) send(ctx context.Context, m core.Message) (core.Reply, error) {
	if c.ended {
		return core.Reply{}, core.Errorf(core.ErrorInternal, "the conversation has ended")
	}
	if ctx.Err() != nil {
		return core.Reply{}, context.Cause(ctx)
	}
	system := c.system
	if m.Delivery.SystemPrompt != nil {
		system = *m.Delivery.SystemPrompt
	}
	d, err := c.extended(m)
	if err != nil {
		return core.Reply{}, err
	}
	a, err := c.target.ask(ctx, func(usage bool) ([]byte, error) { return c.body(system, d, usage) })
	if err != nil {
		return a.broken(err)
	}
	for _, name := range d.unanswered {
		a.warn("the call of tool %q had no result: the service was told so", name)
	}
	a.words = openaiapi.CountWords(system) + c.words + d.words
	c.compareFingerprint(a)
	reply, err := a.build()
	if err != nil {
		return core.Reply{}, err
	}
	if !m.Delivery.OutOfBand {
		err = c.remember(system, d, a)
	}
	return reply, err
}

// remember makes a turn part of the conversation. One whose message the service's
// filter refused is none: the model has not seen it, and it would be refused with
// each further one.
func (c *conversation) remember(system string, d draft, a *answer) error {
	c.system = system
	if a.promptBlocked {
		return nil
	}
	said := a.assistant()
	encoded, err := said.encode()
	if err != nil {
		return err
	}
	c.commit(d)
	c.messages = append(c.messages, encoded)
	c.open = said.calls
	return nil
}

// compareFingerprint warns where a seed is named and the service says that another
// configuration of it answers than before.
func (c *conversation) compareFingerprint(a *answer) {
	config := &c.target.config
	seeded := config.Seed != nil || config.SeedPerTrial
	if seeded && c.fingerprint != "" && a.fingerprint != "" && a.fingerprint != c.fingerprint {
		a.warn("the service's system_fingerprint is no longer %q, but %q: the same seed may give other replies", c.fingerprint, a.fingerprint)
	}
	if a.fingerprint != "" {
		c.fingerprint = a.fingerprint
	}
}

// End ends the conversation. Nothing is open between its turns.
func (c *conversation) End(context.Context) error {
	c.ended = true
	return nil
}
