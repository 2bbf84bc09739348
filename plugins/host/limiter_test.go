package host

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// slowReplies begins a reply at once and ends it when it may.
type slowReplies struct {
	pb.UnimplementedConverterServiceServer
	end chan struct{}
}

func (s slowReplies) Convert(ctx context.Context, r *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	if err := grpc.SendHeader(ctx, metadata.MD{}); err != nil || r.GetInstance() == "quick" {
		return &pb.ConvertResponse{}, err
	}
	select {
	case <-s.end:
		return &pb.ConvertResponse{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestAReplyWaitsForRoomBeforeItIsReceived(t *testing.T) {
	t.Parallel()
	limits := Limits{Calls: 10, InFlight: 64 << 20} // room for one reply of unknown size
	limiter := newLimiter(limits)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slow := slowReplies{end: make(chan struct{})}
	server := grpc.NewServer()
	pb.RegisterConverterServiceServer(server, slow)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { server.Stop(); <-served }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(limiter.unary), grpc.WithStreamInterceptor(limiter.stream))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	service := pb.NewConverterServiceClient(conn)

	first := make(chan error, 1)
	go func() { _, err := service.Convert(t.Context(), &pb.ConvertRequest{Instance: "slow"}); first <- err }()
	for limiter.others.replies.TryAcquire(1) { // until the first reply has begun
		limiter.others.replies.Release(1)
		<-time.After(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := service.Convert(ctx, &pb.ConvertRequest{Instance: "quick"}); err == nil || !strings.Contains(err.Error(), "room among the replies in flight") {
		t.Errorf("error %v, want one that says what it waited for", err)
	}
	close(slow.end)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, err := service.Convert(t.Context(), &pb.ConvertRequest{Instance: "quick"}); err != nil {
		t.Errorf("when there is room: %v", err)
	}
}

func TestACallThatCannotBeginGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	limiter := newLimiter(Limits{Calls: 1, InFlight: 1 << 20})
	down := errors.New("no connection")
	fails := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return nil, down
	}
	for _, method := range []string{pb.TargetService_Send_FullMethodName, pb.ConverterService_Convert_FullMethodName} {
		for range 2 { // the second call would wait for the first one's place
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err := limiter.stream(ctx, &grpc.StreamDesc{ServerStreams: true}, nil, method, fails)
			cancel()
			if !errors.Is(err, down) {
				t.Errorf("%s: error %v, want %v", method, err, down)
			}
		}
	}
}

func TestACallThatEndsWhileItWaitsForRoomKeepsNone(t *testing.T) {
	t.Parallel()
	q := newQueue(Limits{Calls: 1, InFlight: 10})
	if !q.calls.TryAcquire(1) {
		t.Fatal("there is no place for a call")
	}
	c := &limitedCall{ctx: t.Context(), queue: q, release: func() {}}
	c.end()
	if err := c.reserve(q.requests, 10, "room"); err != nil {
		t.Fatal(err)
	}
	if !q.requests.TryAcquire(10) || !q.calls.TryAcquire(1) {
		t.Error("a call that has ended holds on to its room or its place")
	}
}

// A call whose time is up while nothing is short says nothing of room.
func TestACallThatNobodyAnswersWaitedForNoRoom(t *testing.T) {
	t.Parallel()
	limiter := newLimiter(Limits{Calls: 10, InFlight: 64 << 20})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterConverterServiceServer(server, mute{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { server.Stop(); <-served }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(limiter.unary), grpc.WithStreamInterceptor(limiter.stream))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := pb.NewConverterServiceClient(conn).Convert(ctx, &pb.ConvertRequest{})
		cancel()
		if err == nil || strings.Contains(err.Error(), "waiting for") {
			t.Fatalf("error %v, want one of the time alone", err)
		}
	}
}

// mute is a service that takes a request and begins no reply.
type mute struct {
	pb.UnimplementedConverterServiceServer
}

func (mute) Convert(ctx context.Context, _ *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
