package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Verdict is the result of a run.
type Verdict int

// The verdicts.
const (
	// NoVerdict: the run gave no result, or no reliable one. An error says why.
	NoVerdict Verdict = iota
	// Clean: the run gave evidence, and nothing was found.
	Clean
	// Findings: at least one trial succeeded.
	Findings
	// NoEvidence: the run gave too little evidence.
	NoEvidence
	// Interrupted: the run was stopped before its end, and can be resumed.
	Interrupted
)

// Outcome is the result of Run.
type Outcome struct {
	// Run is its ID; "" where no run was begun.
	Run     string
	Verdict Verdict
	// Why explains the verdict in a line.
	Why string
	// Headline summarizes in a line what changed since the baseline; "" where
	// the run was not compared.
	Headline string
}

// String summarizes the outcome in a line; "" where there is no verdict.
func (o Outcome) String() string {
	if o.Headline == "" {
		return o.Why
	}
	return o.Why + "; compared with the baseline: " + o.Headline
}

// Conclusion is the summary of a run that has ended.
type Conclusion struct {
	Run      string
	Campaign string
	Summary  record.Summary
	// Plain are the addresses that the run spoke to in the clear.
	Plain []store.PlainAddress
	// Attacks and Counts count the trials that were begun.
	Attacks stats.Rows
	Counts  []store.Count
	// HeldAgain counts the trials that took several attempts, by how many these were.
	HeldAgain map[int]int
	Verdict   Verdict
	// Why explains the verdict in a line.
	Why string
	// GoOn is the command that resumes the run; "" where every trial has an
	// outcome.
	GoOn string
}

// ending is how a run ended.
type ending int

const (
	finished ending = iota
	interrupted
	unrecorded
	// deserted: a target or a plugin that was lost stopped it.
	deserted
	// bounded: a bound of the campaign's scope stopped it.
	bounded
)

// endingOf returns how a run ended. broken is the error of recording; nil where
// there was none.
func endingOf(s record.Summary, broken error) ending {
	switch {
	case isLost(broken):
		return deserted
	case broken != nil:
		return unrecorded
	case s.Interrupted:
		return interrupted
	case s.Stopped != "":
		return bounded
	}
	return finished
}

// isLost reports whether an error is that of a run whose target or plugin was lost.
func isLost(err error) bool {
	_, ok := errors.AsType[engine.Lost](err)
	return ok
}

// conclusionOf decides the verdict on a run of a campaign from its counts and
// the campaign's limits for failures.
func conclusionOf(name string, allowed campaign.Evidence, run store.Run, s record.Summary, counts []store.Count, end ending) Conclusion {
	attacks := Tally(counts)
	s.Tally = attacks.Total().Tally // also of trials that are held again, and keep their outcome
	verdict, why := judge(attacks, s.Planned, allowed, end)
	if !run.Selection.IsWhole() {
		why += fmt.Sprintf("; a part of the campaign was held (%s)", run.Selection)
	}
	return Conclusion{Run: run.ID, Plain: run.Plain, Campaign: name, Summary: s, Attacks: attacks, Counts: counts, Verdict: verdict, Why: why}
}

// ConcludeAgain returns the conclusion of a finished run.
func ConcludeAgain(ctx context.Context, s *store.Reader, run store.Run) (Conclusion, error) {
	recorded, _, err := readRecorded(ctx, s, run)
	if err != nil {
		return Conclusion{}, err
	}
	counts, err := s.Counts(ctx, run.ID)
	if err != nil {
		return Conclusion{}, err
	}
	summary := record.Summary{Planned: run.Trials, Duration: run.Ended.Sub(run.Started)}
	c := conclusionOf(recorded.Name, recorded.Evidence, run, summary, counts, finished)
	c.HeldAgain, err = s.HeldAgain(ctx, run.ID)
	return c, err
}

// Tally counts the trials of each attack, and of each of its targets and variants, in the
// order of the trials.
func Tally(counts []store.Count) stats.Rows {
	var rows stats.Rows
	for _, c := range counts {
		rows.Add(stats.Of{Attack: c.Attack, Target: c.Target, Variant: c.Variant}, c.Outcome, c.Trials)
	}
	return rows
}

// judge decides the verdict on a run. A finding counts even if other trials
// failed; without one, every attack has to give evidence.
func judge(attacks stats.Rows, planned int, limit campaign.Evidence, how ending) (verdict Verdict, why string) {
	all := attacks.Total().Tally
	reached := fmt.Sprintf("the objective was reached in %d of %s", all.Succeeded, phrase.Count(planned, "trial"))
	if lost := planned - all.Judged(); lost > 0 {
		reached += fmt.Sprintf("; %d gave no evidence", lost)
	}
	weak := weaknesses(attacks, limit)
	switch {
	case how == interrupted:
		return Interrupted, "stopped before the end: " + reached
	case all.Succeeded > 0:
		return Findings, "findings: " + reached
	case how == unrecorded:
		return NoEvidence, "no evidence: the run could not be recorded to its end; " + reached
	case how == deserted:
		return NoEvidence, "no evidence: a target or a plugin was lost before the end; " + reached
	case how == bounded:
		return NoEvidence, "no evidence: a bound of scope stopped the run before the end; " + reached
	case len(weak) > 1:
		return NoEvidence, fmt.Sprintf("no evidence: %s; and so for %s", weak[0], phrase.Count(len(weak)-1, "other attack"))
	case len(weak) == 1:
		return NoEvidence, "no evidence: " + weak[0]
	case all.Judged() == 0:
		return NoEvidence, "no evidence: no trial was judged"
	default:
		return Clean, "nothing found: " + reached
	}
}

// weaknesses say which attacks give no evidence, and why. The campaign's limits
// apply to each attack, and to each of its targets, because limits over all of them
// would allow one to fail completely. An attack without a judged trial gives no
// evidence, whatever the limits are.
func weaknesses(attacks stats.Rows, limit campaign.Evidence) []string {
	var weak []string
	for _, a := range attacks {
		name := fmt.Sprintf("attack %q", a.Name)
		if len(a.Targets) < 2 {
			weak = append(weak, weakness(name, a, limit)...)
			continue
		}
		for _, target := range a.Targets {
			weak = append(weak, weakness(fmt.Sprintf("%s on target %q", name, target.Name), target, limit)...)
		}
	}
	return weak
}

// weakness says why a row gives no evidence; nothing where it does.
func weakness(name string, r *stats.Row, limit campaign.Evidence) []string {
	n := r.Trials()
	errored, undetermined := float64(r.Tally.Errored)/float64(n), float64(r.Tally.Undetermined)/float64(n)
	switch {
	case errored > limit.MaxErrored:
		return []string{fmt.Sprintf("%s: %d of %s errored, and the campaign allows %s", name, r.Tally.Errored, phrase.Count(n, "trial"), percent(limit.MaxErrored))}
	case undetermined > limit.MaxUndetermined:
		return []string{fmt.Sprintf("%s: %d of %s undetermined, and the campaign allows %s", name, r.Tally.Undetermined, phrase.Count(n, "trial"), percent(limit.MaxUndetermined))}
	case r.Tally.Judged() == 0:
		return []string{name + ": no trial was judged"}
	}
	return nil
}

// percent formats a limit as in the campaign.
func percent(x float64) string { return strconv.FormatFloat(100*x, 'g', 6, 64) + "%" }
