package cassette

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// absent is a placeholder for components that are never called, because their
// answers are recorded. It opens as a component of any kind, and each of its
// calls fails.
type absent struct{}

var (
	_ core.Opener    = absent{}
	_ core.Target    = absent{}
	_ core.Converter = absent{}
	_ core.Scorer    = absent{}
)

// errAbsent is the error of each call.
func errAbsent() error {
	return core.Errorf(core.ErrorInternal, "a component was called that is not open, because its answers are recorded")
}

// Open implements [core.Opener].
func (absent) Open(context.Context, core.Kind, string, []byte) (any, error) { return absent{}, nil }

// StartConversation implements [core.Target].
func (absent) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return nil, errAbsent()
}

// Convert implements [core.Converter].
func (absent) Convert(context.Context, core.Value) (core.Value, error) {
	return core.Value{}, errAbsent()
}

// Score implements [core.Scorer].
func (absent) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.Score{}, errAbsent()
}
