package anthropic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// conversation holds a conversation's messages, which are all sent with each request.
// It is not safe for concurrent use.
type conversation struct {
	target   *target
	system   string
	messages []message
	// open are the calls that have no result.
	open  []tool.Call
	ended bool
}

func newConversation(t *target, start core.Start) (*conversation, error) {
	c := &conversation{target: t, system: start.SystemPrompt}
	if _, err := system(start.SystemPrompt); err != nil {
		return nil, fmt.Errorf("the system prompt: %w", err)
	}
	for i, m := range start.History {
		if i == 0 && m.Role == core.Assistant {
			return nil, core.Errorf(core.ErrorUnsupported, "an Anthropic service takes no conversation that the assistant begins").
				WithHint("begin the history with a message of the user")
		}
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
	messages []message
	open     []tool.Call
	// unanswered are the tools whose calls got no result from the campaign.
	unanswered []string
}

// extended encodes a message, and before it the results of all open calls: the
// service wants all of them at the beginning of the next message. Calls that the service
// has carried out itself, with their results, are left out of a history.
func (c *conversation) extended(m core.Message) (draft, error) {
	var d draft
	if m.Role == core.Assistant {
		m.Parts = tool.WithoutCarriedOut(m)
	}
	outputs, others, err := tool.TakeResults(m.Parts, func(id string) bool {
		return slices.ContainsFunc(c.open, func(open tool.Call) bool { return open.ID == id })
	})
	if err != nil {
		return d, err
	}
	rest := m
	rest.Parts = others
	if err := d.answer(c.open, outputs); err != nil {
		return d, err
	}
	if len(rest.Parts) == 0 && len(d.messages) > 0 {
		return d, nil
	}
	return d, d.say(rest)
}

// answer adds the results of all open calls, in the order of the calls.
func (d *draft) answer(open []tool.Call, outputs map[string]string) error {
	var content []json.RawMessage
	for _, call := range open {
		output, ok := outputs[call.ID]
		if !ok {
			output = tool.NoResult
			d.unanswered = append(d.unanswered, call.Name)
		}
		encoded, err := result(call, output)
		if err != nil {
			return err
		}
		content = append(content, encoded)
	}
	if content != nil {
		d.messages = append(d.messages, message{core.User, content})
	}
	return nil
}

// say adds a message that is no result.
func (d *draft) say(m core.Message) error {
	role := core.User
	var content []json.RawMessage
	var err error
	switch m.Role {
	case core.Assistant:
		role = core.Assistant
		content, d.open, err = assistantOf(m)
	case core.User, core.Tool:
		content, err = user(m)
	case core.System:
		err = core.Errorf(core.ErrorUnsupported, "an Anthropic service takes no system message within a conversation").
			WithHint("give it as the system prompt")
	default:
		err = core.Errorf(core.ErrorInput, "a message has the role %q", m.Role)
	}
	if err == nil {
		d.messages = append(d.messages, message{role, content})
	}
	return err
}

// commit makes a draft part of the conversation.
func (c *conversation) commit(d draft) {
	c.messages = append(c.messages, d.messages...)
	c.open = d.open
}

// body returns a request with the conversation, a draft, and what the service has
// said so far of a reply that it paused.
func (c *conversation) body(prompt string, d draft, begun []json.RawMessage) ([]byte, error) {
	all := slices.Concat(c.messages, d.messages)
	if len(begun) > 0 {
		all = append(all, message{core.Assistant, begun})
	}
	others := maps.Clone(c.target.parameters)
	if prompt != "" {
		encoded, err := system(prompt)
		if err != nil {
			return nil, fmt.Errorf("the system prompt: %w", err)
		}
		others["system"] = encoded
	}
	return join(joined(all), others), nil
}

// join writes the messages and the other members of a request.
func join(messages []message, all map[string]json.RawMessage) []byte {
	var body bytes.Buffer
	body.WriteString(`{"messages":[`)
	for i, m := range messages {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"role":%q,"content":[`, m.Role)
		for j, block := range m.Content {
			if j > 0 {
				body.WriteByte(',')
			}
			body.Write(block)
		}
		body.WriteString("]}")
	}
	body.WriteByte(']')
	members.Append(&body, all)
	body.WriteByte('}')
	return body.Bytes()
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
	prompt := c.system
	if m.Delivery.SystemPrompt != nil {
		prompt = *m.Delivery.SystemPrompt
	}
	d, err := c.extended(m)
	if err != nil {
		return core.Reply{}, err
	}
	a, err := c.target.ask(ctx, func(begun []json.RawMessage) ([]byte, error) { return c.body(prompt, d, begun) })
	if err != nil {
		return a.broken(err)
	}
	for _, name := range d.unanswered {
		a.warn("the call of tool %q had no result: the service was told so", name)
	}
	reply, err := a.build()
	if err != nil {
		return core.Reply{}, err
	}
	if !m.Delivery.OutOfBand {
		c.remember(prompt, d, a)
	}
	return reply, nil
}

// remember makes a turn part of the conversation. A turn that the service refused is
// none: it would refuse each further one. One without an answer is none, either: the
// service takes no empty content.
func (c *conversation) remember(prompt string, d draft, a *answer) {
	c.system = prompt
	content, calls := a.content()
	if a.blocked() != "" || len(content) == 0 {
		return
	}
	c.commit(d)
	c.messages = append(c.messages, message{core.Assistant, content})
	c.open = calls
}

// End ends the conversation. Nothing is open between its turns.
func (c *conversation) End(context.Context) error {
	c.ended = true
	return nil
}
