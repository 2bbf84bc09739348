package gemini

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// conversation holds a conversation's contents, which are all sent with each request.
// It is not safe for concurrent use.
type conversation struct {
	target   *target
	system   string
	seed     uint64
	contents []json.RawMessage // encoded
	// open are the calls that have no result.
	open  []sentCall
	ended bool
}

func newConversation(t *target, start core.Start) (*conversation, error) {
	c := &conversation{target: t, system: start.SystemPrompt, seed: start.Seed}
	if _, err := instruction(start.SystemPrompt, ""); err != nil {
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
	contents []json.RawMessage
	open     []sentCall
	// unanswered are the tools whose calls got no result from the campaign.
	unanswered []string
}

// extended encodes a message, and before it the results of all open calls: the
// service wants as many in one content as there were calls. Calls that the service has
// carried out itself, with their results, are left out of a history.
func (c *conversation) extended(m core.Message) (draft, error) {
	var d draft
	if m.Role == core.Assistant {
		m.Parts = tool.WithoutCarriedOut(m)
	}
	outputs, others, err := tool.TakeResults(m.Parts, func(id string) bool {
		return slices.ContainsFunc(c.open, func(open sentCall) bool { return open.ID == id })
	})
	if err != nil {
		return d, err
	}
	rest := m
	rest.Parts = others
	if err := d.answer(c.open, outputs); err != nil {
		return d, err
	}
	if len(rest.Parts) == 0 && len(d.contents) > 0 {
		return d, nil
	}
	return d, d.say(rest)
}

// answer adds the results of all open calls, in the order of the calls.
func (d *draft) answer(open []sentCall, outputs map[string]string) error {
	if len(open) == 0 {
		return nil
	}
	content := genai.Content{Role: genai.RoleUser}
	for _, call := range open {
		output, ok := outputs[call.ID]
		if !ok {
			output = tool.NoResult
			d.unanswered = append(d.unanswered, call.Name)
		}
		part, err := result(call, output)
		if err != nil {
			return err
		}
		content.Parts = append(content.Parts, part)
	}
	return d.add(encode(content))
}

// say adds a message that is no result.
func (d *draft) say(m core.Message) error {
	switch m.Role {
	case core.Assistant:
		encoded, calls, err := modelOf(m)
		d.open = calls
		return d.add(encoded, err)
	case core.User, core.Tool:
		return d.add(user(m))
	case core.System:
		return core.Errorf(core.ErrorUnsupported, "a Gemini service takes no system message within a conversation").
			WithHint("give it as the system prompt")
	}
	return core.Errorf(core.ErrorInput, "a message has the role %q", m.Role)
}

func (d *draft) add(encoded json.RawMessage, err error) error {
	if err == nil {
		d.contents = append(d.contents, encoded)
	}
	return err
}

// commit makes a draft part of the conversation.
func (c *conversation) commit(d draft) {
	c.contents = append(c.contents, d.contents...)
	c.open = d.open
}

// seedBits are the bits of a trial's seed that are sent: the service takes 31.
const seedBits = 1<<31 - 1

// body returns a request with the conversation and a draft.
func (c *conversation) body(system string, d draft) ([]byte, error) {
	t := c.target
	contents := slices.Concat(c.contents, d.contents)
	all := maps.Clone(t.parameters.beside)
	if system != "" {
		byUser := t.config.SystemRole == "user"
		role := ""
		if byUser {
			role = genai.RoleUser
		}
		encoded, err := instruction(system, role)
		if err != nil {
			return nil, fmt.Errorf("the system prompt: %w", err)
		}
		if byUser {
			contents = slices.Insert(contents, 0, encoded)
		} else {
			all["systemInstruction"] = encoded
		}
	}
	generation := t.parameters.generation
	if t.config.SeedPerTrial {
		generation = maps.Clone(generation)
		generation["seed"] = fmt.Appendf(nil, "%d", c.seed&seedBits)
	}
	if len(generation) > 0 {
		data, err := encode(generation)
		if err != nil {
			return nil, err
		}
		all[generationName] = data
	}
	return join(contents, all), nil
}

// join writes the contents and the other members of a request.
func join(contents []json.RawMessage, all map[string]json.RawMessage) []byte {
	size := 64
	for _, content := range contents {
		size += len(content) + 1
	}
	for name, data := range all {
		size += len(name) + len(data) + 4
	}
	body := bytes.NewBuffer(make([]byte, 0, size))
	body.WriteString(`{"contents":[`)
	for i, content := range contents {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(content)
	}
	body.WriteByte(']')
	members.Append(body, all)
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
	system := c.system
	if m.Delivery.SystemPrompt != nil {
		system = *m.Delivery.SystemPrompt
	}
	d, err := c.extended(m)
	if err != nil {
		return core.Reply{}, err
	}
	body, err := c.body(system, d)
	if err != nil {
		return core.Reply{}, err
	}
	a, err := c.target.ask(ctx, body)
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
		err = c.remember(system, d, a)
	}
	return reply, err
}

// remember makes a turn part of the conversation. One to which there is no content is
// none, as in the chats of the SDKs, since the service takes no empty content; and one
// whose prompt was blocked is none, since the service would block each further one.
func (c *conversation) remember(system string, d draft, a *answer) error {
	c.system = system
	content, calls := a.content()
	if a.blocked != "" || len(content.Parts) == 0 {
		return nil
	}
	encoded, err := encode(content)
	if err != nil {
		return err
	}
	c.commit(d)
	c.contents = append(c.contents, encoded)
	c.open = calls
	return nil
}

// End ends the conversation. Nothing is open between its turns.
func (c *conversation) End(context.Context) error {
	c.ended = true
	return nil
}
