package app

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Verdict is what a run says of the systems that were attacked.
type Verdict int

// The verdicts.
const (
	// NoVerdict: nothing came of the run, or nothing that can be relied on. An error
	// says why.
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

// Outcome is what came of a run.
type Outcome struct {
	// Run is its ID; "" where nothing was begun.
	Run     string
	Verdict Verdict
	// Why says in a line why the verdict is that.
	Why string
	// Headline says in a line what changed since the baseline; "" where the run was not
	// compared with any.
	Headline string
}

// String says in a line what came of the run; "" where there is no verdict.
func (o Outcome) String() string {
	if o.Headline == "" {
		return o.Why
	}
	return o.Why + "; compared with the baseline: " + o.Headline
}

// Conclusion is what is to be said of a run that has ended.
type Conclusion struct {
	Run      string
	Campaign string
	Summary  record.Summary
	// Attacks and Counts count the trials that were begun.
	Attacks stats.Rows
	Counts  []store.Count
	Verdict Verdict
	// Why says in a line why the verdict is that.
	Why string
	// GoOn is the command that goes on with the run; "" where nothing is left to do.
	GoOn string
}

// ending is how a run came to its end.
type ending int

const (
	finished ending = iota
	interrupted
	unrecorded
	// bounded: a bound of the campaign's scope stopped it.
	bounded
)

// endingOf says how a run came to its end. broken is why it could not be recorded to
// its end; nil where it was.
func endingOf(s record.Summary, broken error) ending {
	switch {
	case broken != nil:
		return unrecorded
	case s.Interrupted:
		return interrupted
	case s.Stopped != "":
		return bounded
	}
	return finished
}

// conclusionOf judges a run of a campaign by what was counted of it, and by how much of
// it may fail.
func conclusionOf(name string, allowed campaign.Evidence, run string, s record.Summary, counts []store.Count, end ending) Conclusion {
	attacks := Tally(counts)
	verdict, why := judge(attacks, s.Planned, allowed, end)
	return Conclusion{Run: run, Campaign: name, Summary: s, Attacks: attacks, Counts: counts, Verdict: verdict, Why: why}
}

// ConcludeAgain returns what was concluded of a finished run when it ended.
func ConcludeAgain(ctx context.Context, s *store.Reader, run store.Run) (Conclusion, error) {
	recorded, _, err := readRecorded(ctx, s, run)
	if err != nil {
		return Conclusion{}, err
	}
	counts, err := s.Counts(ctx, run.ID)
	if err != nil {
		return Conclusion{}, err
	}
	summary := record.Summary{Planned: run.Trials, Tally: Tally(counts).Total().Tally, Duration: run.Ended.Sub(run.Started)}
	return conclusionOf(recorded.Name, recorded.Evidence, run.ID, summary, counts, finished), nil
}

// Tally counts the trials of each attack, and of each of its variants, in the order of
// the trials.
func Tally(counts []store.Count) stats.Rows {
	var rows stats.Rows
	for _, c := range counts {
		rows.Add(c.Attack, c.Variant, c.Outcome, c.Trials)
	}
	return rows
}

// judge chooses the verdict on a run that was carried out. A finding is a finding
// whatever else went wrong; without one, every attack has to give evidence.
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

// weaknesses say which attacks give no evidence, and why. Each of them has to
// stay within the campaign's limits, which would otherwise forgive a whole
// attack for the sake of the others; and none is evidence without a trial that
// was judged, whatever the limits are.
func weaknesses(attacks stats.Rows, limit campaign.Evidence) []string {
	var weak []string
	for _, a := range attacks {
		n := a.Trials()
		errored, undetermined := float64(a.Tally.Errored)/float64(n), float64(a.Tally.Undetermined)/float64(n)
		switch {
		case errored > limit.MaxErrored:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s errored, and the campaign allows %s", a.Name, a.Tally.Errored, phrase.Count(n, "trial"), percent(limit.MaxErrored)))
		case undetermined > limit.MaxUndetermined:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s undetermined, and the campaign allows %s", a.Name, a.Tally.Undetermined, phrase.Count(n, "trial"), percent(limit.MaxUndetermined)))
		case a.Tally.Judged() == 0:
			weak = append(weak, fmt.Sprintf("attack %q: no trial was judged", a.Name))
		}
	}
	return weak
}

// percent shows a limit as the campaign wrote it.
func percent(x float64) string { return strconv.FormatFloat(100*x, 'g', 6, 64) + "%" }
