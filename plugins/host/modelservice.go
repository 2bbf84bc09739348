package host

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// modelService serves the targets of the campaign to a plugin, by the contract that
// the plugin serves for its own targets.
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
	c := &modelConversation{Conversation: started, handle: r.GetInstance(), busy: semaphore.NewWeighted(1)}
	return &pb.StartConversationResponse{Conversation: call.add(c)}, nil
}

// Send implements the contract. Only the wait for the replies counts as a part of
// the call: a plugin that does not fetch them does not delay the call's end.
func (s *modelService) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	replies, failure := s.deliver(stream.Context(), r)
	if err := wire.SendReplies(replies, stream.Send); err != nil {
		return err
	}
	return failure
}

// deliver returns the replies that came before an error with it.
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
	if err := c.acquire(ctx); err != nil {
		return nil, err
	}
	defer c.busy.Release(1)
	return core.Deliver(ctx, c.Conversation, messages)
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
	if err := c.acquire(ctx); err != nil {
		return nil, err
	}
	defer c.busy.Release(1)
	call.forget(r.GetConversation())
	return &pb.EndConversationResponse{}, c.End(ctx)
}

// modelConversation is a conversation that a component holds with a target of the
// campaign, under the handle that it has of it. busy is held while one of its
// methods runs: the component may have given up on a Send that still runs here.
type modelConversation struct {
	core.Conversation
	handle string
	busy   *semaphore.Weighted
}

// acquire waits for the conversation's last call to end.
func (c *modelConversation) acquire(ctx context.Context) error {
	if err := c.busy.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for the call before to end: %w", err)
	}
	return nil
}
