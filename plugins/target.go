package plugins

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/serving"
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
	c := serving.NewConversation(started)
	if ctx.Err() != nil { // the caller has given up, and would never end it
		_ = c.End(context.WithoutCancel(ctx))
		return nil, ctx.Err()
	}
	return &pb.StartConversationResponse{Conversation: instance.conversations.Add(c)}, nil
}

// Send implements the contract.
func (s *targetService) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	_, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return err
	}
	defer done()
	c, ok := instance.conversations.Get(r.GetConversation())
	if !ok {
		return core.Errorf(core.ErrorProtocol, "conversation %q is not there", r.GetConversation())
	}
	messages, err := wire.DecodeSend(r)
	if err != nil {
		return err
	}
	if err := c.Acquire(stream.Context()); err != nil {
		return err
	}
	defer c.Release()
	ctx, cancel := returnInTime(stream.Context())
	defer cancel()
	replies, failure := c.Deliver(ctx, messages)
	if err := wire.SendReplies(replies, stream.Send); err != nil {
		return err
	}
	return failure
}

// returnTime is the longest time before a call's deadline at which a target has
// to return, so that what it returns can still be sent. It is at most a tenth
// of the available time.
const returnTime = 500 * time.Millisecond

// returnInTime returns a context that ends a little before ctx, if ctx has a
// deadline with enough time left.
func returnInTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	left := time.Until(deadline)
	if !ok || left <= 2*returnTime {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(returnTime, left/10)))
}

// StopSend implements the contract.
func (s *targetService) StopSend(_ context.Context, r *pb.StopSendRequest) (*pb.StopSendResponse, error) {
	_, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	if c, ok := instance.conversations.Get(r.GetConversation()); ok {
		c.StopDelivery()
	}
	return &pb.StopSendResponse{}, nil
}

// EndConversation implements the contract.
func (s *targetService) EndConversation(ctx context.Context, r *pb.EndConversationRequest) (*pb.EndConversationResponse, error) {
	_, instance, done, err := use[core.Target](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	c, ok := instance.conversations.Get(r.GetConversation())
	if !ok {
		return &pb.EndConversationResponse{}, nil
	}
	return &pb.EndConversationResponse{}, c.EndOnce(ctx, func() { instance.conversations.Remove(r.GetConversation()) })
}
