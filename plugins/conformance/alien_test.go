package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// alien is a plugin that is built without the SDK. It looks at no
// configuration.
type alien struct {
	goplugin.NetRPCUnsupportedPlugin
	pb.UnimplementedPluginServiceServer
	pb.UnimplementedConverterServiceServer
	description wire.Description
}

func serveAlien(how string) {
	schema := `{"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], "additionalProperties": false}`
	if how == "misfit" {
		schema = `{"type": "object", "not": {}}`
	}
	text := []core.Modality{core.Text}
	info := core.Info{Kind: core.KindConverter, Name: "any", Summary: "A converter.", In: text, Out: text}
	a := &alien{description: wire.Description{
		Name: "alien", Version: "1", Components: []wire.Component{wire.ComponentOf(info, json.RawMessage(schema))},
	}}
	if os.Args[len(os.Args)-1] == "describe" {
		_ = json.NewEncoder(os.Stdout).Encode(a.description)
		return
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{"alien": a},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			go func() { // the lifeline
				_, _ = os.Stdin.Read(make([]byte, 1))
				_ = os.RemoveAll(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
				os.Exit(0)
			}()
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(wire.MaxMessage))...)
		},
	})
}

func (a *alien) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPluginServiceServer(s, a)
	pb.RegisterConverterServiceServer(s, a)
	return nil
}

func (*alien) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a host")
}

func (a *alien) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return wire.EncodeDescription(a.description)
}

func (*alien) Open(context.Context, *pb.OpenRequest) (*pb.OpenResponse, error) {
	return &pb.OpenResponse{Instance: "1"}, nil
}

func (*alien) Close(context.Context, *pb.CloseRequest) (*pb.CloseResponse, error) {
	return &pb.CloseResponse{}, nil
}

func (*alien) Convert(_ context.Context, r *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	if r.GetValue().GetModality() != pb.Modality_MODALITY_TEXT {
		return nil, wire.EncodeError(core.Errorf(core.ErrorUnsupported, "only text"))
	}
	return &pb.ConvertResponse{Value: r.GetValue()}, nil
}
