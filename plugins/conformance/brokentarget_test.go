package conformance_test

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// brokenTarget returns a target that breaks one promise.
func brokenTarget(how string) core.Component {
	info := core.Info{Name: how, Summary: "A target.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	if how == "claimant" {
		info.Capabilities = core.Capabilities()
	}
	return plugins.Target(info, struct{}{}, func(context.Context, struct{}) (core.Target, error) { return parrot(how), nil })
}

// parrot repeats what it is told; its name says what it cannot do.
type parrot string

func (p parrot) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if p != "historian" && (len(start.History) > 0 || start.SystemPrompt != "") {
		return nil, plugins.Errorf(core.ErrorUnsupported, "a parrot has no past")
	}
	return &talk{parrot: p, started: ctx}, nil
}

type talk struct {
	parrot
	started context.Context
	turns   int
	ended   bool
}

func (c *talk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	c.turns++
	switch {
	case ctx.Err() != nil:
		return core.Reply{}, ctx.Err()
	case c.parrot == "starting" && c.started.Err() != nil:
		return core.Reply{}, c.started.Err()
	case c.parrot == "amnesiac" && c.turns > 1:
		return core.Reply{}, errors.New("who are you?")
	case !m.Delivery.IsZero():
		return core.Reply{}, plugins.Errorf(core.ErrorUnsupported, "delivered too oddly")
	}
	for _, p := range m.Parts {
		if p.Modality != core.Text {
			return core.Reply{}, plugins.Errorf(core.ErrorUnsupported, "%s", p.Modality)
		}
	}
	m.Role = core.Assistant
	return core.Reply{Message: m, Finish: core.FinishComplete}, nil
}

func (c *talk) End(context.Context) error {
	if c.ended && c.parrot == "ending" {
		return errors.New("it has ended already")
	}
	c.ended = true
	return nil
}
