package host

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/serving"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// modelService serves the targets of the campaign to a plugin, with the
// contract that the plugin implements for its own targets.
type modelService struct {
	pb.UnimplementedTargetServiceServer
	server *modelServer
}

// StartConversation implements the contract.
func (s *modelService) StartConversation(ctx context.Context, r *pb.StartConversationRequest) (*pb.StartConversationResponse, error) {
	call, ctx, done, err := s.server.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	target, ok := call.grant.targets[r.GetInstance()]
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "no target is called %q in this call", r.GetInstance()).
			WithHint("a component uses the targets that its own configuration names")
	}
	start, err := wire.DecodeStart(r)
	if err != nil {
		return nil, err
	}
	started, err := target.StartConversation(ctx, start)
	if err != nil {
		return nil, err
	}
	c := &modelConversation{serving.NewConversation(started), r.GetInstance()}
	return &pb.StartConversationResponse{Conversation: call.conversations.Add(c)}, nil
}

// Send implements the contract. Only the wait for the replies counts as part of
// the call: a plugin that does not read them does not delay the call's end.
func (s *modelService) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	replies, failure := s.deliver(stream.Context(), r)
	if err := wire.SendReplies(replies, stream.Send); err != nil {
		return err
	}
	return failure
}

// deliver sends the replies; those that came before an error are sent with it.
func (s *modelService) deliver(request context.Context, r *pb.SendRequest) ([]core.Reply, error) {
	call, ctx, done, err := s.server.enter(request)
	if err != nil {
		return nil, err
	}
	defer done()
	c, ok := call.find(r.GetConversation(), r.GetInstance())
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "conversation %q is not there", r.GetConversation())
	}
	messages, err := wire.DecodeSend(r)
	if err != nil {
		return nil, err
	}
	if err := c.Acquire(ctx); err != nil {
		return nil, err
	}
	defer c.Release()
	return c.Deliver(ctx, messages)
}

// EndConversation implements the contract.
func (s *modelService) EndConversation(ctx context.Context, r *pb.EndConversationRequest) (*pb.EndConversationResponse, error) {
	call, ctx, done, err := s.server.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	c, ok := call.find(r.GetConversation(), r.GetInstance())
	if !ok {
		return &pb.EndConversationResponse{}, nil
	}
	return &pb.EndConversationResponse{}, c.EndOnce(ctx, func() { call.conversations.Remove(r.GetConversation()) })
}
