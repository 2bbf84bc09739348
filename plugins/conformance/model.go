package conformance

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// targets are targets of a campaign for the component's configuration: each
// name is a target that repeats its input.
func (s subject) targets(config string) core.Targets {
	if s.schema == nil {
		return nil
	}
	all := core.Targets{}
	for _, named := range s.schema.Targets([]byte(config)) {
		all[named.Value] = repeater{}
	}
	return all
}

// repeater is a target and its conversation.
type repeater struct{}

// StartConversation implements [core.Target].
func (r repeater) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return r, nil
}

// Send implements [core.Conversation].
func (repeater) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if err := ctx.Err(); err != nil {
		return core.Reply{}, err
	}
	said := []core.Part{{Value: core.TextValue(m.Text())}}
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: said}, Finish: core.FinishComplete}, nil
}

// End implements [core.Conversation].
func (repeater) End(context.Context) error { return nil }
