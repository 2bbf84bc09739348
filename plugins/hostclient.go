package plugins

import (
	"context"
	"fmt"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
	"google.golang.org/grpc/codes"
)

// hostClient connects to the targets of the campaign through the host, with one
// connection for the whole process.
type hostClient struct {
	broker *goplugin.GRPCBroker

	mu   sync.Mutex
	conn *grpc.ClientConn
}

// targets returns the targets that an instance may use. The connection is
// opened for the first instance that has any.
func (h *hostClient) targets(handles map[string]string, brokerID uint32) (core.Targets, error) {
	if len(handles) == 0 {
		return nil, nil
	}
	conn, err := h.connect(brokerID)
	if err != nil {
		return nil, core.Errorf(core.ErrorUnavailable, "connecting to the orchestrator for the targets of the campaign: %w", err)
	}
	targets := core.Targets{}
	for name, handle := range handles {
		targets[name] = &model{service: pb.NewTargetServiceClient(conn), name: name, instance: handle}
	}
	return targets, nil
}

func (h *hostClient) connect(brokerID uint32) (*grpc.ClientConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		return h.conn, nil
	}
	conn, err := h.broker.DialWithOptions(brokerID, grpc.WithDefaultCallOptions(
		grpc.MaxCallRecvMsgSize(wire.MaxMessage),
		grpc.MaxCallSendMsgSize(wire.MaxMessage),
	))
	h.conn = conn
	return conn, err
}

// close ends the connection, if there is one.
func (h *hostClient) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		_ = h.conn.Close() // no calls are in progress
	}
}

// model is a target of the campaign that a component may use.
type model struct {
	service  pb.TargetServiceClient
	name     string // in the campaign
	instance string
}

var (
	_ core.Target        = (*model)(nil)
	_ core.Interruptible = (*modelConversation)(nil)
)

// StartConversation implements [core.Target].
func (m *model) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	calls := metadata.ValueFromIncomingContext(ctx, wire.CallKey)
	if len(calls) == 0 {
		return nil, core.Errorf(core.ErrorProtocol, "model %q is asked outside of a call", m.name).
			WithHint("ask it with the context that Convert or Score was given, or one derived from it")
	}
	request, err := wire.EncodeStart(m.instance, start)
	if err != nil {
		return nil, err
	}
	c := &modelConversation{model: m, call: calls[0]}
	started, err := m.service.StartConversation(c.outgoing(ctx), request)
	if err != nil {
		return nil, m.failure(ctx, err)
	}
	c.id = started.GetConversation()
	return c, nil
}

// modelConversation is a conversation with a model. It belongs to the host's
// call during which it was begun.
type modelConversation struct {
	*model
	id, call string
}

func (c *modelConversation) outgoing(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(wire.WithTrace(ctx), wire.CallKey, c.call)
}

// Send implements [core.Conversation].
func (c *modelConversation) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	replies, err := c.Exchange(ctx, []core.Message{m})
	return wire.OnlyReply(replies), err
}

// Exchange implements [core.Interruptible]. If the target does not, the host
// returns an error.
func (c *modelConversation) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	request, err := wire.EncodeSend(c.instance, c.id, messages)
	if err != nil {
		return nil, err
	}
	streaming, cancel := context.WithCancel(ctx)
	defer cancel() // releases the stream in every case
	stream, err := c.service.Send(c.outgoing(streaming), request)
	if err != nil {
		return nil, c.failure(ctx, err)
	}
	replies, err := wire.ReceiveReplies(len(messages), stream.Recv)
	return replies, c.failure(ctx, err)
}

// End implements [core.Conversation].
func (c *modelConversation) End(ctx context.Context) error {
	_, err := c.service.EndConversation(c.outgoing(ctx), &pb.EndConversationRequest{Instance: c.instance, Conversation: c.id})
	return c.failure(ctx, err)
}

// failure converts the gRPC error of a call to the host. The target's own error
// is returned unchanged.
func (m *model) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("asking model %q: %w", m.name, ctx.Err())
	}
	if e := wire.DecodeError(err); e != nil {
		return e
	}
	if status.Code(err) == codes.DeadlineExceeded { // the host's clock was a little ahead
		return fmt.Errorf("asking model %q: %w", m.name, context.DeadlineExceeded)
	}
	if s, ok := status.FromError(err); ok {
		return core.Errorf(core.ErrorUnavailable, "asking model %q through the orchestrator: %s: %s", m.name, s.Code(), s.Message())
	}
	return err
}
