package conformance_test

import (
	"context"
	"errors"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// brokenTarget returns a target that breaks one promise.
func brokenTarget(how string) core.Component {
	info := core.Info{Name: how, Summary: "A target.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	if how == "claimant" {
		info.Capabilities = core.Capabilities()
	}
	switch how {
	case "forgetful":
		info.Capabilities = []string{core.CapabilityMultiTurn}
	case "secretive":
		info.In = []core.Modality{core.Text, core.Audio}
	}
	return core.NewTarget(info, restricting{how}, func(context.Context, restricting) (core.Target, error) { return parrot(how), nil })
}

// restricting is a configuration with restrictions.
type restricting struct {
	How string `json:"how"`
}

func (c restricting) Restrictions() []core.Restriction {
	switch c.How {
	case "forgetful": // breaks no promise
		return []core.Restriction{{Capability: core.CapabilityMultiTurn}}
	case "modest":
		return []core.Restriction{{Capability: core.CapabilityHistory}}
	case "secretive":
		return []core.Restriction{{In: core.Audio}, {In: core.Text}}
	}
	return nil
}

// parrot repeats what it is told; its name says what it cannot do.
type parrot string

func (p parrot) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if p != "historian" && (len(start.History) > 0 || start.SystemPrompt != "") {
		return nil, core.Errorf(core.ErrorUnsupported, "a parrot has no past")
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
	case c.parrot == "forgetful" && c.turns > 1:
		return core.Reply{}, core.Errorf(core.ErrorUnsupported, "what was said before is forgotten")
	case c.parrot == "amnesiac" && c.turns > 1:
		return core.Reply{}, errors.New("who are you?")
	case c.parrot == "slow" && len(m.Text()) > 1<<20: // breaks no promise: 8 MiB take long
		<-ctx.Done()
		return said(core.UserText("beginning"), core.FinishBroken), ctx.Err()
	case c.parrot == "short" && c.turns > 1:
		return said(m, core.FinishBroken), nil
	case c.parrot == "eager" || c.parrot == "unsure" || c.parrot == "cut short":
		if err := work(ctx); err != nil {
			return said(m, map[parrot]core.Finish{"eager": core.FinishComplete, "cut short": core.FinishBroken}[c.parrot]), err
		}
	case !m.Delivery.IsZero():
		return core.Reply{}, core.Errorf(core.ErrorUnsupported, "delivered too oddly")
	}
	for _, p := range m.Parts {
		if p.Modality != core.Text {
			return core.Reply{}, c.refusal(p.Modality)
		}
	}
	return said(m, core.FinishComplete), nil
}

// refusal is the error of what is not taken.
func (c *talk) refusal(m core.Modality) error {
	err := core.Errorf(core.ErrorUnsupported, "%s", m)
	switch c.parrot {
	case "made-up":
		return err.About("weather")
	case "misleading":
		return err.About(core.SubjectReachability)
	case "later":
		return err.After(time.Second).About(core.SubjectConfiguration)
	}
	return err
}

// said repeats a message in a reply that ended as finish says.
func said(m core.Message, finish core.Finish) core.Reply {
	m.Role = core.Assistant
	return core.Reply{Message: m, Finish: finish}
}

func (c *talk) End(context.Context) error {
	if c.ended && c.parrot == "ending" {
		return errors.New("it has ended already")
	}
	c.ended = true
	return nil
}
