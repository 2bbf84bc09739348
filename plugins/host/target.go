package host

import (
	"context"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// target is a target in a plugin.
type target struct{ *instance }

var (
	_ core.Target        = (*target)(nil)
	_ io.Closer          = (*target)(nil)
	_ core.Interruptible = (*conversation)(nil)
)

func (t *target) service() pb.TargetServiceClient {
	return pb.NewTargetServiceClient(t.process.conn)
}

// StartConversation implements [core.Target].
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	request, err := wire.EncodeStart(t.id, start)
	if err != nil {
		return nil, err
	}
	started, err := t.service().StartConversation(ctx, request)
	if err != nil {
		return nil, t.process.failure(ctx, err)
	}
	return &conversation{target: t, id: started.GetConversation()}, nil
}

type conversation struct {
	target *target
	id     string
}

// Send implements [core.Conversation].
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	if err != nil {
		return core.Reply{}, err
	}
	return replies[0], nil
}

// Exchange implements [core.Interruptible]. Whether the component does, the
// plugin says.
func (c *conversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	request, err := wire.EncodeSend(c.target.id, c.id, messages)
	if err != nil {
		return nil, err
	}
	streaming, cancel := context.WithCancel(ctx)
	defer cancel() // frees the stream, however this ends
	stream, err := c.target.service().Send(streaming, request)
	if err != nil {
		return nil, c.target.process.failure(ctx, err)
	}
	replies, err := wire.ReceiveReplies(len(messages), stream.Recv)
	return replies, c.target.process.failure(ctx, c.target.ofComponent(err))
}

// End implements [core.Conversation].
func (c *conversation) End(ctx context.Context) error {
	if c.target.process.run.ended() {
		return nil // it went with its process
	}
	_, err := c.target.service().EndConversation(ctx, &pb.EndConversationRequest{Instance: c.target.id, Conversation: c.id})
	return c.target.process.failure(ctx, err)
}
