package plugins

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

type converterService struct {
	pb.UnimplementedConverterServiceServer
	instances *instances
}

// Convert implements the contract.
func (s *converterService) Convert(ctx context.Context, r *pb.ConvertRequest) (*pb.ConvertResponse, error) {
	converter, _, done, err := use[core.Converter](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	value, err := wire.DecodeValue(r.GetValue())
	if err != nil {
		return nil, err
	}
	converted, err := converter.Convert(core.WithSeed(ctx, r.GetSeed()), value)
	if err != nil {
		return nil, err
	}
	encoded, err := wire.EncodeValue(converted)
	if err != nil {
		return nil, err
	}
	return &pb.ConvertResponse{Value: encoded}, nil
}
