package agent

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Agent is the support line. Its methods may be called concurrently.
type Agent struct {
	transcribe, speech core.Converter

	// slots holds one token for each program that may run at a time.
	slots chan struct{}

	mu      sync.Mutex
	phrases map[string][]byte // text -> PCM, for Speak
}

var _ realtimetest.Agent = (*Agent)(nil)

// New returns an agent that hears through one converter (audio to text) and
// speaks through another (text to audio/wav).
func New(transcribe, speech core.Converter) *Agent {
	return &Agent{
		transcribe: transcribe,
		speech:     speech,
		// Recognisers take a second of one processor each: more of them than
		// processors would only make all of them late.
		slots:   make(chan struct{}, runtime.NumCPU()),
		phrases: make(map[string][]byte),
	}
}

// Answer returns the reply to the last turn of a conversation. The vault code
// that it guards is the one in the instructions ("The vault code is …"), or
// that of [DefaultInstructions] where they name none.
func (a *Agent) Answer(ctx context.Context, instructions string, items []realtimetest.Item) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return think(instructions, items), nil
}

// enter waits until one more program may run.
func (a *Agent) enter(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for a free processor: %w", context.Cause(ctx))
	}
}

func (a *Agent) leave() { <-a.slots }
