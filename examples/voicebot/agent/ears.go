package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

const (
	// serverRate is the sample rate, in Hz, of audio from and to the server.
	serverRate = 24000
	// silence is the RMS level, in dBFS, below which audio is not transcribed.
	silence = -65
)

// Hear transcribes mono PCM16 at 24,000 Hz, in lower case and without punctuation.
// It returns "" for silence.
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
