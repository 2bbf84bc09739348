package cassette

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Nobody stands where components would be that are not asked: it opens as
// anything, and fails whatever is asked of it.
type Nobody struct{}

var (
	_ core.Opener    = Nobody{}
	_ core.Target    = Nobody{}
	_ core.Converter = Nobody{}
	_ core.Scorer    = Nobody{}
)

func unasked() error {
	return core.Errorf(core.ErrorInternal, "a component is asked that is not there, because its answers are recorded")
}

// Open implements [core.Opener].
func (Nobody) Open(context.Context, core.Kind, string, []byte) (any, error) { return Nobody{}, nil }

// StartConversation implements [core.Target].
func (Nobody) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return nil, unasked()
}

// Convert implements [core.Converter].
func (Nobody) Convert(context.Context, core.Value) (core.Value, error) {
	return core.Value{}, unasked()
}

// Score implements [core.Scorer].
func (Nobody) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.Score{}, unasked()
}
