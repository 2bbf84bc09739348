package scorers

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/scorers/match"
)

// All returns every bundled scorer.
func All() []core.Component { return match.Components() }
