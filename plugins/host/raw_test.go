package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// raw is a plugin that is built without our SDK, and badly: it keeps no limit
// and knows words of its own.
type raw struct {
	// describe, where set, is called when the plugin is asked what it offers.
	describe func()

	goplugin.NetRPCUnsupportedPlugin
	pb.UnimplementedPluginServiceServer
	pb.UnimplementedConverterServiceServer
}

// chatty is its target: it says more than it is asked.
type chatty struct {
	pb.UnimplementedTargetServiceServer
}

func (chatty) StartConversation(_ context.Context, r *pb.StartConversationRequest) (*pb.StartConversationResponse, error) {
	if r.GetInstance() != "chatty" {
		return nil, status.Error(codes.Unimplemented, "it holds no conversations")
	}
	return &pb.StartConversationResponse{Conversation: "c"}, nil
}

func (chatty) Send(r *pb.SendRequest, stream pb.TargetService_SendServer) error {
	switch string(r.GetMessage().GetParts()[0].GetValue().GetData()) {
	case "whole, and an error":
		_ = stream.Send(&pb.SendResponse{End: &pb.ReplyEnd{Finish: pb.Finish_FINISH_COMPLETE}})
		return wire.EncodeError(core.Errorf(core.ErrorAuth, "the key is wrong"))
	case "broken, and no error":
		return stream.Send(&pb.SendResponse{Broken: &pb.ReplyEnd{Detail: "lost"}})
	case "go on":
		fmt.Fprintln(os.Stderr, "speaking until it is stopped")
		<-stream.Context().Done()
		return stream.Context().Err()
	case "broken":
		_ = stream.Send(&pb.SendResponse{Broken: &pb.ReplyEnd{Detail: "lost"}})
		return errors.New("division by zero")
	}
	for range len(r.GetInterruptions()) + 2 {
		if err := stream.Send(&pb.SendResponse{End: &pb.ReplyEnd{Finish: pb.Finish_FINISH_COMPLETE}}); err != nil {
			return err
		}
	}
	return nil
}

// serveRaw serves it as a program in any language would.
func serveRaw(r *raw) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{"raw": r},
		GRPCServer:      goplugin.DefaultGRPCServer,
	})
}

func (r *raw) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPluginServiceServer(s, r)
	pb.RegisterConverterServiceServer(s, r)
	pb.RegisterTargetServiceServer(s, chatty{})
	return nil
}

func (*raw) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (r *raw) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	if r.describe != nil {
		r.describe()
	}
	text := []pb.Modality{pb.Modality_MODALITY_TEXT}
	schema := []byte(`{"type":"object"}`)
	return &pb.DescribeResponse{Name: "raw", Components: []*pb.Component{
		{Kind: pb.Kind_KIND_CONVERTER, Name: "any", In: text, Out: text, ConfigSchema: schema},
		{Kind: pb.Kind_KIND_TARGET, Name: "none", In: text, Out: text, ConfigSchema: schema},
		{Kind: pb.Kind_KIND_TARGET, Name: "chatty", In: text, Out: text, ConfigSchema: schema},
	}}, nil
}

func (*raw) Open(_ context.Context, r *pb.OpenRequest) (*pb.OpenResponse, error) {
	return &pb.OpenResponse{Instance: r.GetName()}, nil
}

func (*raw) Convert(_ context.Context, r *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	switch string(r.GetValue().GetData()) {
	case "huge":
		return &pb.ConvertResponse{Value: &pb.Value{Modality: pb.Modality_MODALITY_TEXT, Data: make([]byte, 65<<20)}}, nil
	case "unknown":
		return &pb.ConvertResponse{Value: &pb.Value{Modality: 42}}, nil
	case "exception":
		return nil, errors.New("division by zero") // becomes a status without our detail
	case "deadline":
		return nil, context.DeadlineExceeded
	default:
		return &pb.ConvertResponse{}, nil
	}
}

func TestAPluginInAnotherLanguageIsTrustedWithNothing(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "raw")}, o.Log), nil
	})
	c := openConverter(t, h, "raw/any", "")
	for _, test := range []struct {
		input string
		kind  core.ErrorKind
		want  string
	}{
		{"huge", core.ErrorInput, "64 MiB"},
		{"unknown", core.ErrorProtocol, "modality number 42"},
		{"nothing", core.ErrorProtocol, "the value is missing"},
		{"exception", core.ErrorInternal, "division by zero"},
		{"deadline", core.ErrorTimeout, "deadline"},
	} {
		_, err := c.Convert(t.Context(), core.TextValue(test.input))
		if core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v (%s), want %s with %q", test.input, err, core.KindOf(err), test.kind, test.want)
		}
	}
	if checked, err := h.CheckConfig(t.Context(), core.KindConverter, "raw/any", nil); err != nil || len(checked.Restrictions) > 0 {
		t.Errorf("it does not check configurations, and that is an error or a restriction: %v, %v", checked, err)
	}
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "raw/none", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.StartConversation(t.Context(), core.Start{}); core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("a service that is not there: %v, want an unsupported error", err)
	}
}
