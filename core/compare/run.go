package compare

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Run is one side of a comparison.
type Run struct {
	ID       string
	Campaign string
	// Source is the content of the campaign's file at the time of the run.
	Source []byte
	// Parameters are what the campaign was given from outside of its file.
	Parameters []Parameter
	// Planned is the number of trials in the run's plan. Those that are not in
	// Trials were never begun.
	Planned int
	Trials  []Trial
}

// Parameter is a value that a run's campaign was given from outside of its file: a
// parameter, or a setting of a component.
type Parameter struct{ Name, Value string }

// Trial is a trial that was begun.
type Trial struct {
	ID, Attack, Variant string
	// Row counts from 1; it is 0 if the attack has no dataset.
	Row int
	// Target, Objective and Success are the target's name, the objective and the
	// success expression of the trial.
	Target, Objective, Success string
	// Outcome is "" if the trial has none.
	Outcome core.Outcome
	// Attempt is the number of the attempt that the outcome is of, from 1, and Held how
	// many attempts have an outcome; 0 is taken for 1.
	Attempt, Held int
}

// Side is the summary of one of the two runs.
type Side struct {
	ID       string `json:"id"`
	Campaign string `json:"campaign"`
	// Planned counts the planned trials, Open those of them without an outcome.
	Planned int `json:"planned"`
	Open    int `json:"open"`
	// HeldAgain counts the trials whose outcome took several attempts.
	HeldAgain int `json:"held_again,omitempty"`
	stats.Tally
}

func (r Run) side() Side {
	s := Side{ID: r.ID, Campaign: r.Campaign, Planned: r.Planned}
	for _, t := range r.Trials {
		if t.Outcome != "" {
			s.Add(t.Outcome)
		}
		if t.Held > 1 {
			s.HeldAgain++
		}
	}
	s.Open = max(0, s.Planned-s.Total())
	return s
}

// whole reports whether every trial of the run was begun.
func (r Run) whole() bool { return len(r.Trials) >= r.Planned }
