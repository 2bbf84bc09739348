package plugins

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

type targetService struct {
	pb.UnimplementedTargetServiceServer
	instances *instances
}

// StartConversation implements the contract.
func (s *targetService) StartConversation(ctx context.Context, r *pb.StartConversationRequest) (*pb.StartConversationResponse, error) {
	target, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	start, err := wire.DecodeStart(r)
	if err != nil {
		return nil, err
	}
	started, err := target.StartConversation(ctx, start)
	if err != nil {
		return nil, err
	}
	c := &conversation{Conversation: started, busy: make(chan struct{}, 1)}
	if ctx.Err() != nil { // nobody would ever end it
		_ = c.End(context.WithoutCancel(ctx))
		return nil, ctx.Err()
	}
	return &pb.StartConversationResponse{Conversation: instance.conversations.add(c)}, nil
}

// Send implements the contract.
func (s *targetService) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	_, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return err
	}
	defer done()
	c, ok := instance.conversations.get(r.GetConversation(), nil)
	if !ok {
		return core.Errorf(core.KindProtocol, "conversation %q is not there", r.GetConversation())
	}
	messages, err := wire.DecodeSend(r)
	if err != nil {
		return err
	}
	if err := c.acquire(stream.Context()); err != nil {
		return err
	}
	defer c.releaseTurn()
	replies, err := exchange(stream.Context(), c.Conversation, messages)
	for _, reply := range replies {
		if err := wire.SendReply(reply, stream.Send); err != nil {
			return err
		}
	}
	return err
}

// exchange sends messages of which each after the first interrupts. It returns
// the replies that came before an error with it.
func exchange(ctx context.Context, c core.Conversation, messages []core.Message) ([]core.Reply, error) {
	if len(messages) == 1 {
		reply, err := c.Send(ctx, messages[0])
		if err != nil {
			return nil, err
		}
		return []core.Reply{reply}, nil
	}
	talk, ok := c.(core.Interruptible)
	if !ok {
		return nil, core.Errorf(core.KindUnsupported, "the replies of this target cannot be interrupted")
	}
	replies, err := talk.Exchange(ctx, messages)
	if err == nil && len(replies) != len(messages) {
		err = core.Errorf(core.KindInternal, "the target gave %d replies to %d messages", len(replies), len(messages))
	}
	return replies, err
}

// EndConversation implements the contract.
func (s *targetService) EndConversation(ctx context.Context, r *pb.EndConversationRequest) (*pb.EndConversationResponse, error) {
	_, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	c, ok := instance.conversations.get(r.GetConversation(), nil)
	if !ok {
		return &pb.EndConversationResponse{}, nil
	}
	switch err := c.acquire(ctx); {
	case errors.Is(err, errEnded):
		return &pb.EndConversationResponse{}, nil
	case err != nil:
		return nil, err
	}
	defer c.releaseTurn()
	c.ended = true
	instance.conversations.remove(r.GetConversation())
	return &pb.EndConversationResponse{}, c.End(ctx)
}
