package compare

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Finding is a case that reached its objective in one of the runs and not in the
// other one.
type Finding struct {
	Attack  string `json:"attack"`
	Variant string `json:"variant,omitempty"`
	Row     int    `json:"row,omitempty"`
	// Trials are the IDs of those that succeeded, in the run that has them: the
	// first twenty.
	Trials []string `json:"trials"`
	// Succeeded and Judged count the trials of the run that has the finding.
	Succeeded int `json:"succeeded"`
	Judged    int `json:"judged"`
	// Other is the status of the case in the run that does not have the finding, and
	// OtherJudged of how many trials that is known.
	Other       Status `json:"other"`
	OtherJudged int    `json:"other_judged"`
}

// mostTrials bounds the IDs of a finding: the first ones are enough to look at.
const mostTrials = 20

// Status is what is known of a case that has no success in a run.
type Status string

// The statuses of a case without a success.
const (
	// Defended: it was judged, and no trial succeeded.
	Defended Status = "defended"
	// NotJudged: it was there, and no trial was judged.
	NotJudged Status = "not_judged"
	// Absent: there was no such case.
	Absent Status = "absent"
)

// Name names the case as its trials are named, without their number.
func (f Finding) Name() string { return named(f.Attack, f.Variant, f.Row) }

func named(attack, variant string, row int) string {
	name := attack
	if variant != "" {
		name += "/" + variant
	}
	if row > 0 {
		name += fmt.Sprintf("/row-%d", row)
	}
	return name
}

// newFindings are the cases that succeeded now and in no trial of the baseline.
// One that the baseline could not judge counts: a first alarm may be missed for
// ever, and a second one does no harm.
func (p *pair) newFindings() []Finding {
	var all []Finding
	for _, k := range p.cases {
		if k.now.tally.Succeeded > 0 && k.then.tally.Succeeded == 0 {
			all = append(all, p.finding(k, k.now, k.then))
		}
	}
	return all
}

// gone are the cases that succeeded in the baseline, and now were judged without
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
		Attack: p.attack, Variant: p.variant, Row: k.row,
		Succeeded: in.tally.Succeeded, Judged: in.tally.Judged(), OtherJudged: other.tally.Judged(),
	}
	for _, t := range in.trials {
		if t.Outcome == core.Succeeded && len(f.Trials) < mostTrials {
			f.Trials = append(f.Trials, t.ID)
		}
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
