package httptarget

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// Restrictions returns what the requests carry none of, and what the campaign does not
// say how to read: the target's description names all that requests can carry.
func (c Config) Restrictions() []core.Restriction {
	p, err := compile(c)
	if err != nil {
		return nil
	}
	return p.restrictions()
}

// carrier says which placeholders carry something: those of the requests of a turn,
// and for what a conversation begins with those of the session, too.
type carrier struct {
	// what is the restriction of requests without them.
	what core.Restriction
	by   []string
}

func carriers() []carrier {
	return []carrier{
		{core.Restriction{Capability: core.CapabilitySystemPrompt, Hint: "put $(system_prompt) or $(messages) into a request"}, []string{"system_prompt", "messages"}},
		{core.Restriction{Capability: core.CapabilityHistory, Hint: "put $(history) or $(messages) into a request"}, []string{"history", "messages"}},
		{core.Restriction{In: core.Text, Hint: "put $(prompt) into the request"}, []string{"prompt", "messages"}},
		{core.Restriction{In: core.Audio, Hint: "put $(audio), or a part with file: audio, into the request"}, []string{"audio"}},
		{core.Restriction{In: core.Image, Hint: "put $(image), or a part with file: image, into the request"}, []string{"image"}},
		{core.Restriction{In: core.ToolResult, Hint: "put $(tool_results) or $(messages) into the request"}, []string{"tool_results", "messages"}},
	}
}

// restrictions returns what the requests of the plan do not carry.
func (p *plan) restrictions() []core.Restriction {
	var all []core.Restriction
	for _, c := range carriers() {
		uses := p.uses
		if c.what.In != "" {
			uses = p.turnUses
		}
		if !slices.ContainsFunc(c.by, func(name string) bool { return uses[name] }) {
			all = append(all, c.what)
		}
	}
	if p.memory == memoryNone {
		all = append(all, core.Restriction{Capability: core.CapabilityMultiTurn, Hint: "put $(messages) into the request, or $(conversation) for the service's own memory; " +
			"if it knows the conversation by a cookie, write memory: service"})
	}
	if p.reply.toolCalls == nil {
		all = append(all, core.Restriction{Out: core.ToolCall, Hint: "write reply.tool_calls"})
	}
	return all
}

// lacks returns an error of a text where the requests do not carry something.
func (p *plan) lacks(what core.Restriction, format string, args ...any) error {
	for _, r := range p.restrictions() {
		if r.Is(what) {
			return core.Errorf(core.ErrorUnsupported, format, args...).WithHint("%s", r.Hint)
		}
	}
	return nil
}

// carries checks that the requests carry what a conversation begins with.
func (p *plan) carries(start core.Start) error {
	var err error
	if len(start.History) > 0 {
		err = p.lacks(core.Restriction{Capability: core.CapabilityHistory}, "no request carries what was said before")
	}
	if start.SystemPrompt != "" && err == nil {
		err = p.lacks(core.Restriction{Capability: core.CapabilitySystemPrompt}, "no request carries the attack's system prompt")
	}
	return err
}

// carriesMessage checks that the requests carry all of a turn.
func (p *plan) carriesMessage(m core.Message) error {
	for _, part := range m.Parts {
		switch modality := part.Modality; {
		case modality == core.ToolCall || modality == core.Reasoning: // only a service makes one
			return core.Errorf(core.ErrorUnsupported, "no request carries a turn's %s", modality)
		case modality == core.Text && template.SaysNothing(m):
		default:
			if err := p.lacks(core.Restriction{In: modality}, "no request carries the turn's %s", modality); err != nil {
				return err
			}
		}
	}
	return nil
}
