package compare

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Run is one side of a comparison.
type Run struct {
	ID       string
	Campaign string
	// Source is the campaign's file as it was.
	Source []byte
	// Planned is how many trials the run was to hold. Those that are not among
	// Trials were never begun.
	Planned int
	Trials  []Trial
}

// Trial is a trial that was begun.
type Trial struct {
	ID, Attack, Variant string
	// Row counts from 1; it is 0 where the attack has no rows.
	Row int
	// Target, Objective and Success are what the trial was held and judged by.
	Target, Objective, Success string
	// Outcome is "" where the trial has none.
	Outcome core.Outcome
}

// Side sums one of the two runs up.
type Side struct {
	ID       string `json:"id"`
	Campaign string `json:"campaign"`
	// Planned counts the trials, Open those of them that have no outcome.
	Planned int `json:"planned"`
	Open    int `json:"open"`
	stats.Tally
}

func (r Run) side() Side {
	s := Side{ID: r.ID, Campaign: r.Campaign, Planned: r.Planned}
	for _, t := range r.Trials {
		if t.Outcome != "" {
			s.Add(t.Outcome)
		}
	}
	s.Open = max(0, s.Planned-s.Total())
	return s
}

// whole reports whether every trial of the run was begun.
func (r Run) whole() bool { return len(r.Trials) >= r.Planned }
