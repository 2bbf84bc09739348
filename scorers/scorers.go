package scorers

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/scorers/judge"
	"github.com/redteam-orchestrator/orchestrator/scorers/match"
)

// All returns every bundled scorer.
func All() []core.Component { return slices.Concat(match.Components(), judge.Components()) }
