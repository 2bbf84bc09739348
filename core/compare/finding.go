package compare

import (
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Finding is a case with a success in one of the runs and none in the other.
type Finding struct {
	Attack string `json:"attack"`
	// Target is "" where the attack has one target in each run.
	Target  string `json:"target,omitempty"`
	Variant string `json:"variant,omitempty"`
	Row     int    `json:"row,omitempty"`
	// Trials are the IDs of the first twenty trials that succeeded.
	Trials []string `json:"trials"`
	// Attempts are the numbers of their attempts that succeeded, from 1, in the same
	// order; nil where each is the first.
	Attempts []int `json:"attempts,omitempty"`
	// Succeeded and Judged count the trials of the run that has the finding.
	Succeeded int `json:"succeeded"`
	Judged    int `json:"judged"`
	// Other is the status of the case in the run without the finding, and
	// OtherJudged the number of its judged trials there.
	Other       Status `json:"other"`
	OtherJudged int    `json:"other_judged"`
}

// mostTrials is the largest number of trial IDs in a finding.
const mostTrials = 20

// Status is the status of a case in a run in which it has no success.
type Status string

// The statuses of a case without a success.
const (
	// Defended means that trials were judged, and none succeeded.
	Defended Status = "defended"
	// NotJudged means that the run has the case, but no trial of it was judged.
	NotJudged Status = "not_judged"
	// Absent means that the run does not have the case.
	Absent Status = "absent"
)

// Name returns ATTACK[/TARGET][/VARIANT][/row-N], the name of the case's trials without the
// number of the trial.
func (f Finding) Name() string { return cellName{f.Attack, f.Target, f.Variant}.row(f.Row) }

// row is the name of one of the cell's rows; of the whole cell for 0.
func (n cellName) row(row int) string {
	name := n.attack
	for _, part := range []string{n.target, n.variant} {
		if part != "" {
			name += "/" + part
		}
	}
	if row > 0 {
		name += fmt.Sprintf("/row-%d", row)
	}
	return name
}

// newFindings returns the cases with a success in the run and none in the baseline.
// Cases that the baseline did not judge are included: reporting a known finding
// again is better than missing a new one.
func (p *pair) newFindings() []Finding {
	var all []Finding
	for _, k := range p.cases {
		if k.now.tally.Succeeded > 0 && k.then.tally.Succeeded == 0 {
			all = append(all, p.finding(k, k.now, k.then))
		}
	}
	return all
}

// gone returns the cases with a success in the baseline that the run judged without
// a success.
func (p *pair) gone() []Finding {
	var all []Finding
	for _, k := range p.cases {
		if k.then.tally.Succeeded > 0 && k.now.tally.Succeeded == 0 && k.now.tally.Judged() > 0 {
			all = append(all, p.finding(k, k.then, k.now))
		}
	}
	return all
}

func (p *pair) finding(k *oneCase, in, other held) Finding {
	f := Finding{
		Attack: p.attack, Target: p.target, Variant: p.variant, Row: k.row,
		Succeeded: in.tally.Succeeded, Judged: in.tally.Judged(), OtherJudged: other.tally.Judged(),
	}
	for _, t := range in.trials {
		if t.Outcome == core.Succeeded && len(f.Trials) < mostTrials {
			f.Trials = append(f.Trials, t.ID)
			f.Attempts = append(f.Attempts, max(1, t.Attempt))
		}
	}
	if !slices.ContainsFunc(f.Attempts, func(n int) bool { return n > 1 }) {
		f.Attempts = nil
	}
	switch {
	case len(other.trials) == 0:
		f.Other = Absent
	case other.tally.Judged() == 0:
		f.Other = NotJudged
	default:
		f.Other = Defended
	}
	return f
}
