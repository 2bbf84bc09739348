package agent

import (
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// maxPhrases bounds the memory of spoken phrases. The agent says about a dozen;
// what a client of the speech endpoint wants said is unlimited.
const maxPhrases = 200

// Speak returns text as speech: mono PCM16 at 24,000 Hz. The same text is
// synthesised once.
func (a *Agent) Speak(ctx context.Context, text string) ([]byte, error) {
	a.mu.Lock()
	pcm, known := a.phrases[text]
	a.mu.Unlock()
	if known {
		return pcm, nil
	}
	pcm, err := a.synthesise(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("speaking: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.phrases) < maxPhrases {
		a.phrases[text] = pcm
	}
	return pcm, nil
}

func (a *Agent) synthesise(ctx context.Context, text string) ([]byte, error) {
	if err := a.enter(ctx); err != nil {
		return nil, err
	}
	defer a.leave()
	spoken, err := a.speech.Convert(ctx, core.TextValue(text))
	if err != nil {
		return nil, err
	}
	clip, _, err := audio.DecodeWAV(spoken.Data)
	if err != nil {
		return nil, err
	}
	return clip.Resample(serverRate).PCM(), nil
}
