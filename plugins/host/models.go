package host

import (
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// opener opens components that may use targets of a campaign.
type opener struct {
	host    *Host
	targets core.Targets
}

// Using returns what opens components of the plugins. A converter or scorer whose
// configuration names one of the targets may use it, in the calls of Convert and
// Score that are made to it: with the context of that call, and until it ends.
func (h *Host) Using(targets core.Targets) core.Opener { return opener{host: h, targets: targets} }

// Open implements [core.Opener].
func (o opener) Open(ctx context.Context, kind core.Kind, use string, config []byte) (any, error) {
	targets := o.targets
	if kind == core.KindTarget {
		targets = nil // a target uses no other
	}
	i, err := o.host.open(ctx, kind, use, config, targets)
	if err != nil {
		return nil, err
	}
	switch kind {
	case core.KindTarget:
		return &target{i}, nil
	case core.KindConverter:
		return &converter{i}, nil
	default:
		return &scorer{i}, nil
	}
}

// modelsOf returns the targets that a component's configuration names.
func (p *process) modelsOf(info core.Info, config []byte) []string {
	var s *schema.Schema
	for _, c := range p.components {
		if c.Info.Kind == info.Kind && c.Info.Name == info.Name {
			s = c.Schema
		}
	}
	var names []string
	if s != nil {
		for _, field := range s.Targets(config) {
			names = append(names, field.Value)
		}
	}
	return names
}

// modelService is how a plugin reaches the targets of the campaign: the contract
// that it serves itself for its own targets.
type modelService struct {
	pb.UnimplementedTargetServiceServer
	services *services
}

// StartConversation implements the contract.
func (s *modelService) StartConversation(ctx context.Context, r *pb.StartConversationRequest) (*pb.StartConversationResponse, error) {
	call, ctx, done, err := s.services.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	target, ok := call.access.targets[r.GetInstance()]
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
	h := &helping{Conversation: started, handle: r.GetInstance(), busy: make(chan struct{}, 1)}
	return &pb.StartConversationResponse{Conversation: call.keep(h)}, nil
}

// Send implements the contract. Only the wait for the replies counts as a part of
// the call: a plugin that does not fetch them holds nobody up.
func (s *modelService) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	replies, failure := s.deliver(stream.Context(), r)
	if err := wire.SendReplies(replies, stream.Send); err != nil {
		return err
	}
	return failure
}

// deliver returns the replies that came before an error with it.
func (s *modelService) deliver(request context.Context, r *pb.SendRequest) ([]core.Reply, error) {
	call, ctx, done, err := s.services.enter(request)
	if err != nil {
		return nil, err
	}
	defer done()
	h, ok := call.find(r.GetConversation(), r.GetInstance())
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "conversation %q is not there", r.GetConversation())
	}
	messages, err := wire.DecodeSend(r)
	if err != nil {
		return nil, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return core.Deliver(ctx, h.Conversation, messages)
}

// EndConversation implements the contract.
func (s *modelService) EndConversation(ctx context.Context, r *pb.EndConversationRequest) (*pb.EndConversationResponse, error) {
	call, ctx, done, err := s.services.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	h, ok := call.find(r.GetConversation(), r.GetInstance())
	if !ok {
		return &pb.EndConversationResponse{}, nil
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	call.forget(r.GetConversation())
	return &pb.EndConversationResponse{}, h.End(ctx)
}

// helping is a conversation that a component holds with a target of the
// campaign, under the handle that it has of it. busy holds a token while one of
// its methods runs: the component may have given up on a Send that still runs
// here.
type helping struct {
	core.Conversation
	handle string
	busy   chan struct{}
}

// enter waits for the conversation's last call to end.
func (h *helping) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.busy <- struct{}{}:
		return func() { <-h.busy }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the call before to end: %w", ctx.Err())
	}
}
