package gemini

import (
	"context"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// Component returns the target "gemini".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "gemini",
		Summary: "A model behind Google's Gemini API, Vertex AI or a compatible server.",
		Description: "All messages of a conversation are sent with each request, so that its history can be edited. " +
			"Messages are text, images and sound; replies are text, images, sound, calls of tools, and what the service " +
			"shows of the model's thoughts, which is kept apart from what it says.",
		In:  []core.Modality{core.Text, core.Audio, core.Image, core.ToolResult},
		Out: []core.Modality{core.Text, core.Audio, core.Image, core.ToolCall, core.ToolResult, core.Reasoning},
		Capabilities: []string{
			core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn,
			core.CapabilitySystemPromptUpdate, core.CapabilityOutOfBand,
		},
	}, defaultConfig(), open)
}

// target is a service with its configuration. It is safe for concurrent use.
type target struct {
	config   Config
	endpoint endpoint
	service  *service.Service
	client   *http.Client
	// parameters are the members of a request, except for its contents, its system
	// instruction and a seed of the trial.
	parameters shared
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
	s, err := service.Open(service.Options{Name: "Gemini service", Access: config.Config, Address: e.base, SetKey: setKey})
	if err != nil {
		return nil, err
	}
	parameters, err := config.parameters()
	if err != nil {
		return nil, err
	}
	return &target{
		config: config, endpoint: e, service: s, client: s.Client(), parameters: parameters,
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
