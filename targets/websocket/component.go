package wstarget

import (
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Component returns the target "websocket".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "websocket",
		Summary: "Any service behind a websocket: a chat, a voice framework, a telephone gateway's media stream.",
		Description: "The campaign describes the messages, and where a reply is in the events of the service and where it ends. " +
			"Sound travels as 16-bit samples or G.711, in JSON or in binary messages, at the pace at which it plays. " +
			"What the service says first is kept apart.",
		In:           []core.Modality{core.Text, core.Audio},
		Out:          []core.Modality{core.Text, core.Audio},
		Capabilities: []string{core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn},
	}, defaultConfig(), open)
}

// target is a service with its configuration.
type target struct {
	config Config
	plan   *plan
	access *access.Access
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	p, err := compile(config)
	if err != nil {
		return nil, err
	}
	a, err := config.Open()
	if err != nil {
		return nil, err
	}
	for _, value := range config.Secrets {
		a.Remember(value.Reveal())
	}
	return &target{config: config, plan: p, access: a}, nil
}

// explain names the service in an error, and removes secrets from it.
func (t *target) explain(err error) error {
	return t.access.Redacted(fmt.Errorf("service at %s: %w", access.Shown(t.plan.url), err))
}

// StartConversation connects, sends the opening messages, and waits until the service
// is ready.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if err := t.plan.carries(start); err != nil {
		return nil, err
	}
	c, err := t.connect(ctx, start)
	if err != nil {
		return nil, t.explain(err)
	}
	return c, nil
}
