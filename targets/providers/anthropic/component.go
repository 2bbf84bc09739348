package anthropic

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// Component returns the target "anthropic".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "anthropic",
		Summary: "A model behind Anthropic's Messages API or a compatible server.",
		Description: "All messages of a conversation are sent with each request, so that its history can be edited. " +
			"Messages are text and images; replies are text, calls of tools, and what the service shows of the " +
			"model's thinking, which is kept apart from what it says.",
		In:  []core.Modality{core.Text, core.Image, core.ToolResult},
		Out: []core.Modality{core.Text, core.ToolCall, core.ToolResult, core.Reasoning},
		Capabilities: []string{
			core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn,
			core.CapabilitySystemPromptUpdate, core.CapabilityOutOfBand,
		},
	}, defaultConfig(), open)
}

// target is a service with its configuration. It is safe for concurrent use.
type target struct {
	config  Config
	address string // of requests
	service *service.Service
	client  *http.Client
	// parameters are the members of a request, except for its messages and its system
	// prompt.
	parameters map[string]json.RawMessage
	// tooLate is the error of a turn that takes too long.
	tooLate error
	bodies  eventstream.Bodies
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	e, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	s, err := service.Open(service.Options{Name: "Anthropic service", Access: config.Config, Address: e, SetKey: setKey})
	if err != nil {
		return nil, err
	}
	parameters, err := config.parameters()
	if err != nil {
		return nil, err
	}
	return &target{
		config: config, address: e.String(), service: s, client: s.Client(), parameters: parameters,
		tooLate: config.Timeouts.TooLate(),
	}, nil
}

// StartConversation fetches the credentials. Nothing is sent before the first
// message.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if err := t.service.Login(ctx); err != nil {
		return nil, t.service.Explain(err)
	}
	c, err := newConversation(t, start)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close closes the connections.
func (t *target) Close() error { return t.service.Close() }
