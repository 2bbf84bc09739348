package plugins

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

type scorerService struct {
	pb.UnimplementedScorerServiceServer
	instances *instances
}

// Score implements the contract.
func (s *scorerService) Score(ctx context.Context, r *pb.ScoreRequest) (*pb.ScoreResponse, error) {
	scorer, _, done, err := use[core.Scorer](s.instances, r.GetInstance())
	if err != nil {
		return nil, err
	}
	defer done()
	evidence, err := wire.DecodeEvidence(r)
	if err != nil {
		return nil, err
	}
	score, err := scorer.Score(core.WithSeed(ctx, r.GetSeed()), evidence)
	if err != nil {
		return nil, err
	}
	encoded, err := wire.EncodeScore(score)
	if err != nil {
		return nil, err
	}
	return &pb.ScoreResponse{Score: encoded}, nil
}
