package scorers

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/scorers/judge"
	"github.com/redteam-orchestrator/orchestrator/scorers/match"
	"github.com/redteam-orchestrator/orchestrator/scorers/review"
)

// All returns every bundled scorer.
func All() []core.Component {
	return slices.Concat(match.Components(), judge.Components(), review.Components())
}
