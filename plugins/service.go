package plugins

import (
	"context"
	"errors"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// servedSet registers the services with go-plugin's server.
type servedSet struct {
	goplugin.NetRPCUnsupportedPlugin
	instances *instances
}

var _ goplugin.GRPCPlugin = (*servedSet)(nil)

// GRPCServer registers the services.
func (p *servedSet) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	p.instances.host.broker = broker
	pb.RegisterPluginServiceServer(s, &pluginService{instances: p.instances})
	pb.RegisterTargetServiceServer(s, &targetService{instances: p.instances})
	pb.RegisterConverterServiceServer(s, &converterService{instances: p.instances})
	pb.RegisterScorerServiceServer(s, &scorerService{instances: p.instances})
	return nil
}

// GRPCClient is unused: the host has its own.
func (p *servedSet) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin is not a host")
}

type pluginService struct {
	pb.UnimplementedPluginServiceServer
	instances *instances
}

// Describe implements the contract.
func (s *pluginService) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	return wire.EncodeDescription(s.instances.offer.description)
}

// CheckConfig implements the contract.
func (s *pluginService) CheckConfig(_ context.Context, r *pb.CheckConfigRequest) (*pb.CheckConfigResponse, error) {
	kind, err := wire.DecodeKind(r.GetKind())
	if err != nil {
		return nil, err
	}
	checked, err := s.instances.offer.check(kind, r.GetName(), r.GetConfig())
	if err != nil {
		return nil, err
	}
	encoded, err := wire.EncodeRestrictions(checked.Restrictions)
	return &pb.CheckConfigResponse{Restrictions: encoded, Warnings: wire.EncodeWarnings(checked.Warnings)}, err
}

// Open implements the contract.
func (s *pluginService) Open(ctx context.Context, r *pb.OpenRequest) (*pb.OpenResponse, error) {
	kind, err := wire.DecodeKind(r.GetKind())
	if err != nil {
		return nil, err
	}
	targets, err := s.instances.host.targets(wire.DecodeModels(r.GetModels()), r.GetBrokerId())
	if err != nil {
		return nil, err
	}
	name, err := s.instances.add(ctx, kind, r.GetName(), r.GetConfig(), targets)
	if err != nil {
		return nil, err
	}
	return &pb.OpenResponse{Instance: name}, nil
}

// Close implements the contract.
func (s *pluginService) Close(ctx context.Context, r *pb.CloseRequest) (*pb.CloseResponse, error) {
	return &pb.CloseResponse{}, s.instances.remove(ctx, r.GetInstance())
}
