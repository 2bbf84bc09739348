// Command echo is a plugin with a converter that gives back what it gets. Under
// the name orchestrator-plugin-bare it does the same with go-plugin alone, which
// is what benchmarks compare it with.
package main

import (
	"context"
	"os"
	"path/filepath"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func main() {
	if filepath.Base(os.Args[0]) == "orchestrator-plugin-bare" {
		goplugin.Serve(&goplugin.ServeConfig{
			HandshakeConfig: wire.Handshake(),
			Plugins:         goplugin.PluginSet{wire.PluginSet: &bare{}},
			GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
				return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(wire.MaxMessage))...)
			},
		})
		return
	}
	text := []core.Modality{core.Text}
	plugins.Serve(plugins.Info{Name: "echo", Version: "1.0.0"},
		core.NewConverter(core.Info{Name: "same", Summary: "Gives back what it gets.", In: text, Out: text}, struct{}{},
			func(context.Context, struct{}) (core.Converter, error) { return echo{}, nil }))
}

type echo struct{}

func (echo) Convert(_ context.Context, in core.Value) (core.Value, error) { return in, nil }

// bare is the same without the SDK: no instances, no checks, no guard.
type bare struct {
	goplugin.NetRPCUnsupportedPlugin
	pb.UnimplementedConverterServiceServer
}

func (b *bare) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterConverterServiceServer(s, b)
	return nil
}

func (*bare) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

func (*bare) Convert(_ context.Context, r *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	return &pb.ConvertResponse{Value: r.GetValue()}, nil
}
