package host

import (
	"context"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// scorer is a scorer in a plugin.
type scorer struct{ *instance }

var (
	_ core.Scorer = (*scorer)(nil)
	_ io.Closer   = (*scorer)(nil)
)

// Score implements [core.Scorer].
func (s *scorer) Score(ctx context.Context, e core.Evidence) (core.Score, error) {
	var response *pb.ScoreResponse
	err := s.call(ctx, func(o opened) error {
		request, err := wire.EncodeEvidence(o.id, e)
		if err != nil {
			return err
		}
		request.Seed = core.Seed(ctx)
		calling, end := o.grant.beginCall(ctx)
		defer end()
		response, err = pb.NewScorerServiceClient(o.process.conn).Score(calling, request)
		return o.process.failure(ctx, err)
	})
	if err != nil {
		return core.Score{}, err
	}
	score, err := wire.DecodeScore(response.GetScore())
	if err != nil {
		return core.Score{}, s.ofComponent(err)
	}
	if promised := s.info.Scores; promised != core.ScoreUnknown && score.Type != core.ScoreUnknown && score.Type != promised {
		return core.Score{}, s.ofComponent(core.Errorf(core.ErrorProtocol, "the scorer gave a score of type %q, and is described as giving %q", score.Type, promised))
	}
	return score, nil
}
