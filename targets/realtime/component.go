package realtime

import (
	"context"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Component returns the target "realtime".
func Component() core.Component {
	return core.NewTarget(core.Info{
		Name:    "realtime",
		Summary: "A voice agent behind the Realtime protocol of OpenAI, Azure, xAI or a compatible service.",
		Description: "Holds each conversation on one websocket, and restores it on another one if that is lost. " +
			"Turns are text, audio, images, or all of them; audio in any sane WAV is resampled to what the protocol takes, " +
			"and may be streamed at the pace of speech, also over the reply before. Replies hold the audio as WAV, " +
			"at the rate the service uses, and the service's transcript of it.",
		In:  []core.Modality{core.Text, core.Audio, core.Image, core.ToolResult},
		Out: []core.Modality{core.Text, core.Audio, core.ToolCall},
		Capabilities: []string{
			core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn,
			core.CapabilitySystemPromptUpdate, core.CapabilityStream, core.CapabilityInterrupt, core.CapabilityOutOfBand,
		},
	}, defaultConfig(), open)
}

// target is a Realtime service with its configuration.
type target struct {
	config   Config
	endpoint endpoint
	network  network
	access   *access.Access
	// frames holds buffers for incoming frames, audio those for the raw audio
	// of replies, which is released at the end of the turn.
	frames, audio bufferPool
	// isJoined says that a conversation has joined the call of the configuration.
	isJoined atomic.Bool
}

var _ core.Target = (*target)(nil)

func open(_ context.Context, config Config) (core.Target, error) {
	e, err := config.endpoint()
	if err != nil {
		return nil, err
	}
	a, err := config.Open()
	if err != nil {
		return nil, err
	}
	for _, tool := range config.Tools {
		a.Keep(tool.Authorization)
		for _, value := range tool.Headers {
			a.Keep(value)
		}
	}
	return &target{config: config, endpoint: e, network: newNetwork(a), access: a}, nil
}

// StartConversation connects, configures the session and sends the history to
// the service.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	inCall := t.config.CallID != ""
	if inCall && !t.isJoined.CompareAndSwap(false, true) {
		return nil, wrong("call_id", "a conversation has joined the call already: a second would go on with it").
			WithHint("hold one trial per call: trials: 1, and one attack")
	}
	c := newConversation(t, start)
	if err := c.connect(ctx); err != nil {
		if inCall {
			t.isJoined.Store(false)
		}
		return nil, t.explain(err)
	}
	return c, nil
}
