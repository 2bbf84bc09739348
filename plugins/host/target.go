package host

import (
	"context"
	"io"
	"time"

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

// StartConversation implements [core.Target]. It is not repeated if the process
// dies during it, because the process may have sent something.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	in, err := t.acquire(ctx)
	if err != nil {
		return nil, err
	}
	request, err := wire.EncodeStart(in.id, start)
	if err != nil {
		return nil, err
	}
	started, err := pb.NewTargetServiceClient(in.process.conn).StartConversation(ctx, request)
	if err != nil {
		return nil, in.process.failure(ctx, err)
	}
	return &conversation{target: t, in: in, id: started.GetConversation()}, nil
}

// conversation ends with the process in which it was started.
type conversation struct {
	target *target
	in     opened
	id     string
}

func (c *conversation) service() pb.TargetServiceClient {
	return pb.NewTargetServiceClient(c.in.process.conn)
}

// Send implements [core.Conversation].
func (c *conversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	return wire.OnlyReply(replies), err
}

// stopTime is how long a call that was cancelled may take to return what has arrived.
const stopTime = time.Second

// Exchange implements [core.Interruptible]. If the component does not, the
// plugin returns an error. Where ctx is cancelled, the plugin is asked to return what has
// arrived; cancelling the call would lose that.
func (c *conversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	request, err := wire.EncodeSend(c.in.id, c.id, messages)
	if err != nil {
		return nil, err
	}
	streaming, cancel := uncancelled(ctx)
	defer cancel() // releases the stream in every case
	isUnsent := context.AfterFunc(ctx, cancel)
	stream, err := c.service().Send(streaming, request)
	isUnsent()
	if err != nil {
		return nil, c.in.process.failure(ctx, err)
	}
	defer context.AfterFunc(ctx, func() { c.stopSend(streaming, cancel) })()
	replies, err := wire.ReceiveReplies(len(messages), stream.Recv)
	return replies, c.in.process.failure(ctx, c.target.ofComponent(err))
}

// uncancelled returns a context with the values and the deadline of another one, which does
// not end when that is cancelled.
func uncancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(lasting, deadline)
	}
	return context.WithCancel(lasting)
}

// stopSend has the plugin end the call whose context is streaming, and cancels the call
// where the plugin cannot, or does not.
func (c *conversation) stopSend(streaming context.Context, cancel context.CancelFunc) {
	defer cancel()
	within, done := context.WithTimeout(streaming, stopTime)
	defer done()
	if _, err := c.service().StopSend(within, &pb.StopSendRequest{Instance: c.in.id, Conversation: c.id}); err == nil {
		<-within.Done()
	}
}

// End implements [core.Conversation].
func (c *conversation) End(ctx context.Context) error {
	if c.in.process.run.ended() {
		return nil // it ended with its process
	}
	_, err := c.service().EndConversation(ctx, &pb.EndConversationRequest{Instance: c.in.id, Conversation: c.id})
	return unlessDead(c.in.process.failure(ctx, err))
}
