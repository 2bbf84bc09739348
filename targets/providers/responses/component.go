package responses

import (
	"context"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// Component returns the target "responses".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "responses",
		Summary: "A model or agent behind the responses API of OpenAI, Azure or a compatible server.",
		Description: "All items of a conversation are sent with each request, encrypted reasoning among them, and nothing is stored, " +
			"so that its history can be edited. Messages are text and images; replies are text, calls of tools, the service's own " +
			"calls of MCP servers and other tools with their results, and what the service reports as the model's reasoning.",
		In:  []core.Modality{core.Text, core.Image, core.ToolResult},
		Out: []core.Modality{core.Text, core.ToolCall, core.ToolResult, core.Reasoning},
		Capabilities: []string{
			core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn,
			core.CapabilitySystemPromptUpdate, core.CapabilityOutOfBand,
		},
	}, defaultConfig(), open)
}

// target is a responses service with its configuration.
type target struct {
	config   Config
	endpoint openaiapi.Endpoint
	service  *service.Service
	send     openaiapi.Post
	// parameters are encoded, without the input.
	parameters []byte
	// tooLate is the error of a turn that takes too long.
	tooLate error
	bodies  eventstream.Bodies
	// plainly says that the service refuses to encrypt reasoning, which is told once.
	plainly atomic.Bool
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	e, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	s, err := service.Open(service.Options{Name: "responses service", Access: config.Config, Address: e.Base, SetKey: e.SetKey})
	if err != nil {
		return nil, err
	}
	parameters, err := config.encodeParameters()
	if err != nil {
		return nil, err
	}
	return &target{
		config: config, endpoint: e, service: s, parameters: parameters,
		tooLate: config.Timeouts.TooLate(),
		send:    e.Poster(s.Client(), route),
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
