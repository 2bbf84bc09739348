package chat

import (
	"context"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// Component returns the target "chat".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "chat",
		Summary: "A model or agent behind the chat completions of OpenAI, Azure or a compatible server.",
		Description: "All messages of a conversation are sent with each request, so that its history can be edited. " +
			"Messages are text, images and sound; replies are text, sound with its transcript, calls of tools, and " +
			"what the service reports as the model's reasoning, which is kept apart from what it says.",
		In:  []core.Modality{core.Text, core.Audio, core.Image, core.ToolResult},
		Out: []core.Modality{core.Text, core.Audio, core.ToolCall, core.Reasoning},
		Capabilities: []string{
			core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn,
			core.CapabilitySystemPromptUpdate, core.CapabilityOutOfBand,
		},
	}, defaultConfig(), open)
}

// target is a chat service with its configuration.
type target struct {
	config   Config
	endpoint openaiapi.Endpoint
	service  *service.Service
	send     openaiapi.Post
	// parameters are encoded, without the messages.
	parameters []byte
	// tooLate is the error of a turn that takes too long.
	tooLate error
	bodies  eventstream.Bodies
	// noUsage says that the service refuses to report the usage of a stream, which is
	// told once.
	noUsage atomic.Bool
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	e, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	s, err := service.Open(service.Options{Name: "chat service", Access: config.Config, Address: e.Base, SetKey: e.SetKey})
	if err != nil {
		return nil, err
	}
	parameters, err := config.encodeParameters()
	if err != nil {
		return nil, err
	}
	return &target{
		config: config, endpoint: e, service: s, parameters: parameters, tooLate: config.Timeouts.TooLate(),
		send: e.Poster(s.Client(), route),
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
