package compare

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
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
	// Selection is the part of its campaign that the run holds.
	Selection record.Selection
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
	// Part is the part of the campaign that the run holds; nil for the whole of it.
	Part *record.Selection `json:"part,omitempty"`
	// Planned counts the planned trials, Open those of them without an outcome.
	Planned int `json:"planned"`
	Open    int `json:"open"`
	// HeldAgain counts the trials whose outcome took several attempts.
	HeldAgain int `json:"held_again,omitempty"`
	stats.Tally
}

func (r Run) side() Side {
	s := Side{ID: r.ID, Campaign: r.Campaign, Planned: r.Planned}
	if !r.Selection.IsWhole() {
		s.Part = &r.Selection
	}
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

// within returns the trials whose case is in a part of the campaign.
func (r Run) within(part record.Selection) Run {
	if len(part.Only) == 0 {
		return r
	}
	r.Trials = slices.DeleteFunc(slices.Clone(r.Trials), func(t Trial) bool {
		return !part.Has(record.Case{Attack: t.Attack, Target: t.Target, Variant: t.Variant, Row: t.Row})
	})
	return r
}

// whole reports whether every trial of the run was begun.
func (r Run) whole() bool { return len(r.Trials) >= r.Planned }
