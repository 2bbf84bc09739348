package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	// serverRate is the sample rate, in Hz, of what the server hands over and
	// is handed.
	serverRate = 24000
	// silence is the level, in dBFS, below which nobody can be speaking.
	silence = -65
)

// Hear returns what somebody says in mono PCM16 at 24,000 Hz, in lower case
// and without punctuation; "" where there is nothing to be heard.
func (a *Agent) Hear(ctx context.Context, pcm []byte) (string, error) {
	clip, err := audio.FromPCM(pcm, serverRate)
	if err != nil {
		return "", fmt.Errorf("hearing: %w", err)
	}
	if clip.RMS() < silence {
		return "", nil
	}
	heard, err := a.transcribe.Convert(ctx, core.WAVValue(audio.EncodeWAV(clip)))
	if err != nil {
		return "", fmt.Errorf("hearing: %w", err)
	}
	return strings.TrimSpace(heard.Text()), nil
}
