package wstarget

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// Restrictions returns what the messages carry none of, and what the campaign does not
// say how to read: the target's description names all that messages can carry.
func (c Config) Restrictions() []core.Restriction {
	p, err := compile(c)
	if err != nil {
		return nil
	}
	return p.restrictions
}

// restricted returns the restrictions. told are the placeholders of opening and
// message.
func (p *plan) restricted(c Config, told []string) []core.Restriction {
	const soundHint = "give sound.message or sound.binary"
	var all []core.Restriction
	for _, lacking := range []struct {
		is   bool
		what core.Restriction
	}{
		{!slices.Contains(told, "system_prompt"), core.Restriction{Capability: core.CapabilitySystemPrompt, Hint: "put $(system_prompt) into opening or message"}},
		{!slices.Contains(told, "history"), core.Restriction{Capability: core.CapabilityHistory, Hint: "put $(history) into opening or message"}},
		{!slices.ContainsFunc(p.message, sendsPrompt), core.Restriction{In: core.Text, Hint: "put $(prompt) into message"}},
		{!c.Sound.Binary && c.Sound.Message == nil, core.Restriction{In: core.Audio, Hint: soundHint}},
		{!c.Sound.Binary && p.audio == nil, core.Restriction{Out: core.Audio, Hint: "give reply.sound or sound.binary"}},
	} {
		if lacking.is {
			all = append(all, lacking.what)
		}
	}
	return all
}

func sendsPrompt(t template.Template) bool { return slices.Contains(t.Names(), "prompt") }

// lacks returns an error of a text where the messages do not carry something.
func (p *plan) lacks(what core.Restriction, format string, args ...any) error {
	if i := slices.IndexFunc(p.restrictions, what.Is); i >= 0 {
		return core.Errorf(core.ErrorUnsupported, format, args...).WithHint("%s", p.restrictions[i].Hint)
	}
	return nil
}

// carries checks that the messages carry what a conversation begins with.
func (p *plan) carries(start core.Start) error {
	var err error
	if start.SystemPrompt != "" {
		err = p.lacks(core.Restriction{Capability: core.CapabilitySystemPrompt}, "the service cannot be told a system prompt")
	}
	if len(start.History) > 0 && err == nil {
		err = p.lacks(core.Restriction{Capability: core.CapabilityHistory}, "the service cannot be told what was said before")
	}
	return err
}

// carriesMessage checks that the messages carry all of a turn.
func (p *plan) carriesMessage(m core.Message) error {
	for _, part := range m.Parts {
		switch {
		case part.Modality != core.Text && part.Modality != core.Audio:
			return core.Errorf(core.ErrorUnsupported, "the service is sent text and sound, not %s", part.Modality)
		case part.Modality == core.Text && template.SaysNothing(m):
		default:
			if err := p.lacks(core.Restriction{In: part.Modality}, "no message carries the turn's %s", part.Modality); err != nil {
				return err
			}
		}
	}
	return nil
}
