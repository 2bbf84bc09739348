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
	ctx, warnings := core.WithWarnings(core.WithSeed(ctx, r.GetSeed()))
	converted, err := converter.Convert(ctx, value)
	if err != nil {
		return nil, err
	}
	return wire.EncodeConverted(converted, warnings.Texts())
}
