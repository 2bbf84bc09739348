package plugins

import (
	"context"
	"errors"
	"time"

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
		return core.Errorf(core.ErrorProtocol, "conversation %q is not there", r.GetConversation())
	}
	messages, err := wire.DecodeSend(r)
	if err != nil {
		return err
	}
	if err := c.acquire(stream.Context()); err != nil {
		return err
	}
	defer c.releaseTurn()
	replies, failure := exchange(stream.Context(), c.Conversation, messages)
	if err := wire.SendReplies(replies, stream.Send); err != nil {
		return err
	}
	return failure
}

// returnTime is how long before a call's own deadline an exchange has to be
// over: the replies that came until then still have to be sent.
const returnTime = 500 * time.Millisecond

// returnInTime returns a context that is over a little before ctx is, where ctx
// has a deadline and time to spare.
func returnInTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) <= 2*returnTime {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-returnTime))
}

// exchange sends messages of which each after the first interrupts. It returns
// the replies that came before an error with it.
func exchange(ctx context.Context, c core.Conversation, messages []core.Message) ([]core.Reply, error) {
	if len(messages) > 1 {
		var cancel context.CancelFunc
		ctx, cancel = returnInTime(ctx)
		defer cancel()
	}
	return wire.Deliver(ctx, c, messages)
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
