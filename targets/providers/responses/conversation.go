package responses

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// conversation holds a conversation's items, which are all sent with each request.
type conversation struct {
	target *target
	system string
	items  []json.RawMessage
	// words are those of the messages that are not the assistant's.
	words int
	// open are the calls that have no result.
	open  []waiting
	ended bool
}

func newConversation(t *target, start core.Start) (*conversation, error) {
	c := &conversation{target: t, system: start.SystemPrompt}
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
	items []json.RawMessage
	words int
	open  []waiting
	// unanswered are the tools whose calls got no result from the campaign.
	unanswered []string
}

// extended encodes a message, and before it the results of calls that it leaves
// open.
func (c *conversation) extended(m core.Message) (draft, error) {
	d := draft{open: slices.Clone(c.open)}
	rest := m
	rest.Parts = nil
	for _, p := range m.Parts {
		if p.Modality != core.ToolResult || m.Role == core.Assistant {
			rest.Parts = append(rest.Parts, p)
		} else if err := d.answer(p.Value); err != nil {
			return d, err
		}
	}
	for _, open := range d.open {
		d.unanswered = append(d.unanswered, open.name)
		if err := d.add(open.result(tool.NoResult)); err != nil {
			return d, err
		}
	}
	d.open = nil
	if len(rest.Parts) == 0 && len(d.items) > 0 {
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
		items, calls, err := assistant(m)
		d.items, d.open = append(d.items, items...), calls
		return err
	case core.User, core.Tool:
		return d.add(config.user(m))
	}
	return core.Errorf(core.ErrorInput, "a message has the role %q", m.Role)
}

func (d *draft) add(encoded json.RawMessage, err error) error {
	if err == nil {
		d.items = append(d.items, encoded)
	}
	return err
}

// answer adds the result of an open call.
func (d *draft) answer(v core.Value) error {
	r, err := tool.ReadResult(v)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.open, func(w waiting) bool { return w.id == r.ID })
	if i < 0 {
		return tool.NotOpen(r.ID)
	}
	open := d.open[i]
	d.open = slices.Delete(d.open, i, i+1)
	d.words += openaiapi.CountWords(r.Output)
	return d.add(open.result(r.Output))
}

// commit makes a draft part of the conversation.
func (c *conversation) commit(d draft) {
	c.items = append(c.items, d.items...)
	c.words += d.words
	c.open = d.open
}

// body returns a request with the conversation and a draft. Encrypted reasoning is
// asked for with encrypted.
func (c *conversation) body(system string, d draft, encrypted bool) ([]byte, error) {
	t := c.target
	all := slices.Concat(c.items, d.items)
	body := bytes.NewBuffer(slices.Clone(t.parameters[:len(t.parameters)-1])) // without its last brace
	switch {
	case system == "":
	case t.config.SystemRole == "instructions":
		text, err := media.Text(core.TextValue(system))
		if err != nil {
			return nil, fmt.Errorf("the system prompt: %w", err)
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil, core.Errorf(core.ErrorInternal, "encoding the system prompt: %w", err)
		}
		body.WriteString(`,"instructions":`)
		body.Write(quoted)
	default:
		encoded, err := t.config.system(system)
		if err != nil {
			return nil, fmt.Errorf("the system prompt: %w", err)
		}
		all = slices.Insert(all, 0, encoded)
	}
	if encrypted {
		body.WriteString(`,"include":["reasoning.encrypted_content"]`)
	}
	if t.config.Stream {
		body.WriteString(`,"stream":true`)
	}
	body.WriteString(`,"input":[`)
	body.Write(bytes.Join(rawBytes(all), []byte(",")))
	body.WriteString("]}")
	return body.Bytes(), nil
}

func rawBytes(items []json.RawMessage) [][]byte {
	all := make([][]byte, len(items))
	for i, item := range items {
		all[i] = item
	}
	return all
}

// Send sends all items so far with the next message, and reads the reply.
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
	a, err := c.target.ask(ctx, func(encrypted bool) ([]byte, error) { return c.body(system, d, encrypted) })
	if err != nil {
		return a.broken(err)
	}
	for _, name := range d.unanswered {
		a.warn("the call of tool %q had no result: the service was told so", name)
	}
	a.words = openaiapi.CountWords(system) + c.words + d.words
	reply, err := a.build()
	if err != nil {
		return core.Reply{}, err
	}
	if m.Delivery.OutOfBand {
		return reply, nil
	}
	c.system = system
	if a.promptBlocked {
		return reply, nil // the model has not seen the message, and it would be refused with each further one
	}
	said, err := a.sentBack()
	if err != nil {
		return reply, err
	}
	c.commit(d)
	c.items, c.open = append(c.items, said...), a.waiting()
	reply.Warnings = a.warnings
	return reply, nil
}

// End ends the conversation. Nothing is open between its turns.
func (c *conversation) End(context.Context) error {
	c.ended = true
	return nil
}
