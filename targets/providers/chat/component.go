package chat

import (
	"bufio"
	"context"
	"sync"
	"sync/atomic"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/redteam-orchestrator/orchestrator/core"
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
	client   openai.Client
	// parameters are encoded, without the messages.
	parameters []byte
	// tooLate is the error of a turn that takes too long.
	tooLate error
	readers sync.Pool // of *bufio.Reader
	// noUsage says that the service refuses to report the usage of a stream, wholly
	// that it answers requests for a stream in one piece. Each is told once.
	noUsage, wholly atomic.Bool
}

var _ core.Target = (*target)(nil)

// readBuffer is the size of the buffer through which an answer is read, in bytes.
const readBuffer = 4 << 10

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
	options := []option.RequestOption{
		option.WithBaseURL(e.Base.String()), option.WithHTTPClient(s.Client()), option.WithMaxRetries(0),
	}
	for name, values := range e.Query {
		for _, value := range values {
			options = append(options, option.WithQueryAdd(name, value))
		}
	}
	tooLate := core.Errorf(core.ErrorTimeout, "the reply was not complete within %s (timeouts.turn)", config.Timeouts.Turn)
	return &target{
		config: config, endpoint: e, service: s, parameters: parameters, tooLate: tooLate,
		readers: sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }},
		client:  openai.Client{Options: options}, // the SDK's constructor would read the environment
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
