package host

import (
	"context"
	"crypto/rand"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/serving"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// modelServer lets the components of one process use targets of the campaign.
// They are served on a connection of their own, which is created when the first
// instance needs it.
type modelServer struct {
	broker *goplugin.GRPCBroker
	serve  func() (brokerID uint32, err error)

	mu     sync.Mutex
	server *grpc.Server
	calls  map[string]*call
}

func newModelServer(broker *goplugin.GRPCBroker) *modelServer {
	s := &modelServer{broker: broker, calls: map[string]*call{}}
	s.serve = sync.OnceValues(s.start)
	return s
}

// start begins to serve and returns the broker's id of the connection. The
// broker adds mutual TLS.
func (s *modelServer) start() (uint32, error) {
	id := s.broker.NextId()
	serving, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		s.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
			defer close(serving)
			return s.newServer(options)
		})
	}()
	select {
	case <-serving:
		return id, nil
	case <-over:
		return 0, core.Errorf(core.ErrorUnavailable, "the plugin cannot be connected to the targets of the campaign").
			WithHint("a plugin whose components use them serves go-plugin's GRPCBroker")
	}
}

func (s *modelServer) newServer(options []grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			response, err := handle(ctx, request)
			return response, wire.EncodeError(err)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return wire.EncodeError(handle(server, stream))
		}),
	)...)
	pb.RegisterTargetServiceServer(server, &modelService{server: s})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
	return server
}

// stop ends all calls. The process has ended.
func (s *modelServer) stop() {
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

// modelGrant is the set of targets that one instance may use. nil is empty.
type modelGrant struct {
	server   *modelServer
	brokerID uint32
	// handles identify the targets for the plugin, by their names in the
	// campaign. They are random, so that no other instance can guess one.
	handles map[string]string
	// targets are the targets by their handles.
	targets map[string]core.Target
}

// admit lets an instance that is about to be opened use the targets that its
// configuration names.
func (s *modelServer) admit(names []string, targets core.Targets) (*modelGrant, error) {
	g := &modelGrant{server: s, handles: map[string]string{}, targets: map[string]core.Target{}}
	for _, name := range names {
		if target, ok := targets[name]; ok {
			handle := rand.Text()
			g.handles[name], g.targets[handle] = handle, target
		}
	}
	if len(g.handles) == 0 {
		return nil, nil
	}
	var err error
	g.brokerID, err = s.serve()
	return g, err
}

// open adds the handles to a request to open the instance.
func (g *modelGrant) open(r *pb.OpenRequest) *pb.OpenRequest {
	if g != nil {
		r.Models, r.BrokerId = wire.EncodeModels(g.handles), g.brokerID
	}
	return r
}

// beginCall begins a call of the instance: with the returned context, and until
// end is called, the instance may use its targets. All its requests have ended
// when end returns.
func (g *modelGrant) beginCall(ctx context.Context) (_ context.Context, end func()) {
	if g == nil {
		return ctx, func() {}
	}
	c := &call{grant: g}
	c.ctx, c.cancel = context.WithCancel(ctx)
	id := rand.Text()
	s := g.server
	s.mu.Lock()
	s.calls[id] = c
	s.mu.Unlock()
	return metadata.AppendToOutgoingContext(ctx, wire.CallKey, id), func() {
		s.mu.Lock()
		delete(s.calls, id)
		s.mu.Unlock()
		c.end()
	}
}

// enter returns the call that a request belongs to, a context that ends with
// either, and a function to call when the request is answered.
func (s *modelServer) enter(request context.Context) (*call, context.Context, func(), error) {
	ids := metadata.ValueFromIncomingContext(request, wire.CallKey)
	if len(ids) != 1 {
		return nil, nil, nil, core.Errorf(core.ErrorProtocol, "a target of the campaign is asked outside of a call").
			WithHint("send the metadata %q of the call of Convert or Score that it is asked for", wire.CallKey)
	}
	s.mu.Lock()
	c := s.calls[ids[0]]
	s.mu.Unlock()
	if c == nil || !c.requests.Enter() {
		return nil, nil, nil, core.Errorf(core.ErrorProtocol, "a target of the campaign is asked for a call that is over").
			WithHint("a target can be asked until Convert or Score returns")
	}
	ctx, cancel := joined(withSpanOf(request, c.ctx), request)
	return c, ctx, func() {
		cancel()
		c.requests.Leave()
	}, nil
}

// joined returns a context with the values of the call's, which ends when
// either does.
func joined(call, request context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(call)
	stop := context.AfterFunc(request, func() { cancel(context.Cause(request)) })
	release := func() {
		stop()
		cancel(nil)
	}
	deadline, ok := request.Deadline()
	if !ok {
		return ctx, release
	}
	ctx, expire := context.WithDeadline(ctx, deadline)
	return ctx, func() {
		expire()
		release()
	}
}

// call is a conversion or a scoring in progress.
type call struct {
	grant         *modelGrant
	ctx           context.Context // the caller's, until the call has ended
	cancel        context.CancelFunc
	requests      serving.Calls
	conversations serving.Table[*modelConversation]
}

// modelConversation is a component's conversation with a target of the
// campaign, and the target's handle.
type modelConversation struct {
	*serving.Conversation
	handle string
}

// end ends the call: further requests are refused, those in progress are
// cancelled, and open conversations are ended.
func (c *call) end() {
	c.requests.Refuse()
	c.cancel()
	c.requests.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), closeTimeout)
	defer cancel()
	var ending sync.WaitGroup
	for _, open := range c.conversations.Drain() {
		ending.Go(func() { _ = open.End(ctx) }) // the error has no receiver: the component has not ended the conversation
	}
	ending.Wait()
}

// find returns the conversation with an id and a handle.
func (c *call) find(id, handle string) (*modelConversation, bool) {
	found, ok := c.conversations.Get(id)
	return found, ok && found.handle == handle
}
