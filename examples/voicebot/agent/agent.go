package agent

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Agent is the support line, or the attacker or judge of an adaptive attack on it.
// Its methods may be called concurrently.
type Agent struct {
	// Role is the role that it plays. It must not be changed once the agent is used.
	Role Role

	transcribe, speech core.Converter
}

var (
	_ realtimetest.Agent    = (*Agent)(nil)
	_ realtimetest.ToolUser = (*Agent)(nil)
	_ io.Closer             = (*Agent)(nil)
)

// New returns an agent that transcribes with pocketsphinx and speaks with flite. If
// one of them is missing, it fails with [core.ErrorUnavailable] and a hint what to
// install.
func New(ctx context.Context) (*Agent, error) {
	opened := map[string]core.Converter{}
	for _, component := range speech.Components() {
		converter, err := core.Open[core.Converter](ctx, component, nil)
		if err != nil {
			return nil, needsPrograms(err)
		}
		opened[component.Info.Name] = converter
	}
	return &Agent{transcribe: opened["transcribe"], speech: opened["speech"]}, nil
}

// Check has the agent speak a word and transcribe it. It fails with
// [core.ErrorUnavailable] if that does not work, for instance because pocketsphinx
// is installed without a model.
func (a *Agent) Check(ctx context.Context) error {
	pcm, err := a.Speak(ctx, "Hello.")
	if err != nil {
		return needsPrograms(err)
	}
	heard, err := a.Hear(ctx, pcm)
	if err == nil && heard == "" {
		err = errors.New("the recogniser does not hear what the voice says")
	}
	if err != nil {
		return needsPrograms(err)
	}
	return nil
}

func needsPrograms(err error) error {
	return core.Errorf(core.ErrorUnavailable, "the agent cannot hear or speak: %w", err).
		WithHint("on Debian and Ubuntu: apt-get install flite pocketsphinx pocketsphinx-en-us")
}

// Answer returns the reply to the last turn of a conversation. The vault code that
// the line guards is the one in the instructions ("The vault code is …"), or that
// of [DefaultInstructions] if they name none. An attacker or judge ignores the
// instructions.
func (a *Agent) Answer(ctx context.Context, instructions string, items []realtimetest.Item) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	switch a.Role {
	case Attacker:
		return attack(items), nil
	case Judge:
		return judge(items), nil
	default:
		return think(instructions, items), nil
	}
}

// UseTools calls the first tool if the caller's last message is about an account.
// It returns nil for an attacker and a judge.
func (a *Agent) UseTools(ctx context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
	if len(tools) == 0 || a.Role == Attacker || a.Role == Judge || !wantsAccount(items) {
		return nil, ctx.Err()
	}
	return []realtimetest.ToolCall{{Name: tools[0].Name, Arguments: "{}"}}, ctx.Err()
}

// Speak returns text as speech: mono PCM16 at 24,000 Hz.
func (a *Agent) Speak(ctx context.Context, text string) ([]byte, error) {
	spoken, err := a.speech.Convert(ctx, core.TextValue(text))
	if err != nil {
		return nil, err
	}
	clip, _, err := audio.DecodeWAV(spoken.Data)
	if err != nil {
		return nil, fmt.Errorf("speaking: %w", err)
	}
	return clip.Resample(serverRate).PCM(), nil
}

// Close waits until all transcribing and speaking has ended.
func (a *Agent) Close() error {
	var errs []error
	for _, converter := range []core.Converter{a.transcribe, a.speech} {
		if c, ok := converter.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
