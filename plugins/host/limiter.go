package host

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// limiter applies the limits to the calls of a process. Calls of targets have a
// queue of their own, because a scorer's call may wait for a target's.
type limiter struct{ targets, others *queue }

// queue admits calls within the limits. A call waits for a place, then for room
// for its request, and then for room for its reply, for which it releases its
// request's room, so that no two calls wait for each other.
type queue struct {
	limits                   Limits
	calls, requests, replies *semaphore.Weighted
}

func newLimiter(l Limits) limiter {
	return limiter{targets: newQueue(l), others: newQueue(l)}
}

func newQueue(l Limits) *queue {
	return &queue{
		limits:   l,
		calls:    semaphore.NewWeighted(l.Calls),
		requests: semaphore.NewWeighted(l.InFlight),
		replies:  semaphore.NewWeighted(l.InFlight),
	}
}

// of returns the queue of a method; nil for none. Methods that open and close
// instances, and those that supervise the process, are not queued.
func (l limiter) of(method string) *queue {
	switch method {
	case pb.TargetService_StartConversation_FullMethodName, pb.TargetService_Send_FullMethodName:
		return l.targets
	case pb.ConverterService_Convert_FullMethodName, pb.ScorerService_Score_FullMethodName:
		return l.others
	default:
		return nil
	}
}

// unary makes a call of one request and one reply as a stream, to learn when
// the reply begins.
func (l limiter) unary(
	ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	if l.of(method) == nil {
		return invoke(ctx, method, request, reply, conn, options...)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // releases the stream in every case
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{}, method, options...)
	if err != nil {
		return err
	}
	if call, ok := stream.(*limitedCall); ok {
		defer call.end()
	}
	if err := stream.SendMsg(request); err != nil {
		return err
	}
	return stream.RecvMsg(reply)
}

// stream begins a call when there is a place for it. A streaming call ends with
// its context; unary ends its own.
func (l limiter) stream(
	ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, begin grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	queue := l.of(method)
	if queue == nil {
		return begin(ctx, desc, conn, method, options...)
	}
	if err := acquire(ctx, queue.calls, 1, fmt.Sprintf("one of the %d calls in progress to end", queue.limits.Calls)); err != nil {
		return nil, err
	}
	stream, err := begin(ctx, desc, conn, method, options...)
	if err != nil {
		queue.calls.Release(1)
		return nil, err
	}
	c := &limitedCall{ClientStream: stream, ctx: ctx, queue: queue, release: func() {}}
	if desc.ServerStreams {
		context.AfterFunc(ctx, c.end)
	}
	return c, nil
}

// limitedCall is a call that holds a place.
type limitedCall struct {
	grpc.ClientStream
	ctx   context.Context // the stream's own ends before its last message is read
	queue *queue

	replying bool
	mu       sync.Mutex
	ended    bool
	release  func() // releases the bytes that it holds
}

// SendMsg waits until there is room for the request.
func (c *limitedCall) SendMsg(m any) error {
	if err := c.reserve(c.queue.requests, size(m), "room among the requests in flight"); err != nil {
		return err
	}
	return c.ClientStream.SendMsg(m)
}

// RecvMsg waits for the reply to begin, and then until there is room for it. A call
// that ended before its reply began needs none: RecvMsg returns why it ended.
func (c *limitedCall) RecvMsg(m any) error {
	if !c.replying {
		c.replying = true
		if _, err := c.Header(); err == nil && c.ctx.Err() == nil {
			if err := c.reserve(c.queue.replies, wire.MaxMessage, "room among the replies in flight"); err != nil {
				return err
			}
		}
	}
	return c.ClientStream.RecvMsg(m)
}

// acquire takes n of what a semaphore holds. Only a call that really waited for it
// says so in its error; what is a phrase that names it.
func acquire(ctx context.Context, from *semaphore.Weighted, n int64, what string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if from.TryAcquire(n) {
		return nil
	}
	err := from.Acquire(ctx, n)
	if errors.Is(err, context.DeadlineExceeded) {
		return core.Errorf(core.ErrorTimeout, "waiting for %s: %w", what, err)
	}
	return err
}

// reserve releases the bytes that the call holds and waits for others. A size
// above the limit takes all of it.
func (c *limitedCall) reserve(room *semaphore.Weighted, n int64, what string) error {
	c.swap(func() {})
	n = min(n, c.queue.limits.InFlight)
	if err := acquire(c.ctx, room, n, what); err != nil {
		return err
	}
	c.swap(func() { room.Release(n) })
	return nil
}

// swap sets the release function and calls the previous one, and both if the
// call has ended meanwhile.
func (c *limitedCall) swap(release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release()
	c.release = release
	if c.ended {
		c.release()
		c.release = func() {}
	}
}

// end releases everything.
func (c *limitedCall) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.release()
	c.release = func() {}
	c.queue.calls.Release(1)
}

func size(m any) int64 {
	message, ok := m.(proto.Message)
	if !ok {
		return 0
	}
	return int64(proto.Size(message))
}
