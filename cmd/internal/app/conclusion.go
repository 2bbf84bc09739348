package cli

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// concludeRun prints the table and where to look, and chooses the exit code and
// why it is that. goOn is the command that goes on with the run where it was stopped,
// and broken why it could not be recorded to its end.
func concludeRun(env Env, campaign string, allowed plan.Evidence, s record.Summary, id string, counts []store.Count, dir storeFlag, goOn string, broken error) (why string, err error) {
	attacks := rowsOf(counts)
	held := count(s.Planned, "trial")
	if n := s.Tally.Total(); n < s.Planned {
		held = fmt.Sprintf("%d of %s", n, held)
	}
	fmt.Fprintf(env.Stdout, "\n%s: %s in %s\n\n", campaign, held, round(s.Duration))
	writeTable(env.Stdout, attacks, s.Planned)
	writeFailures(env.Stdout, counts)
	end := finished
	switch {
	case broken != nil:
		end = unrecorded
	case s.Interrupted:
		end = interrupted
	case s.Stopped != "":
		end = bounded
	}
	if s.Stopped != "" {
		fmt.Fprintf(env.Stdout, "\nstopped by %s\n", s.Stopped)
	}
	code, why := judgeRun(attacks, s.Planned, allowed, end)
	fmt.Fprintf(env.Stdout, "\n%s (exit code %d)\n", why, code)
	again := ""
	if end != finished {
		again = "; go on: " + goOn
	}
	fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s%s\n", dir.flag(), id, again)
	if code == exitClean {
		return why, nil
	}
	return why, conclusion{code}
}

// end is how a run came to its end.
type end int

const (
	finished end = iota
	interrupted
	unrecorded
	// bounded: a bound of the campaign's scope stopped it.
	bounded
)

// judgeRun chooses the exit code of a run that was carried out. A finding is a
// finding whatever else went wrong; without one, every attack has to give
// evidence.
func judgeRun(attacks []*row, planned int, limit plan.Evidence, how end) (code int, why string) {
	all := total(attacks).tally
	reached := fmt.Sprintf("the objective was reached in %d of %s", all.Succeeded, count(planned, "trial"))
	if lost := planned - all.Judged(); lost > 0 {
		reached += fmt.Sprintf("; %d gave no evidence", lost)
	}
	weak := weaknesses(attacks, limit)
	switch {
	case how == interrupted:
		return exitInterrupted, "stopped before the end: " + reached
	case all.Succeeded > 0:
		return exitFindings, "findings: " + reached
	case how == unrecorded:
		return exitNoEvidence, "no evidence: the run could not be recorded to its end; " + reached
	case how == bounded:
		return exitNoEvidence, "no evidence: a bound of scope stopped the run before the end; " + reached
	case len(weak) > 1:
		return exitNoEvidence, fmt.Sprintf("no evidence: %s; and so for %s", weak[0], count(len(weak)-1, "other attack"))
	case len(weak) == 1:
		return exitNoEvidence, "no evidence: " + weak[0]
	case all.Judged() == 0:
		return exitNoEvidence, "no evidence: no trial was judged"
	default:
		return exitClean, "nothing found: " + reached
	}
}

// weaknesses say which attacks give no evidence, and why. Each of them has to
// stay within the campaign's limits, which would otherwise forgive a whole
// attack for the sake of the others; and none is evidence without a trial that
// was judged, whatever the limits are.
func weaknesses(attacks []*row, limit plan.Evidence) []string {
	var weak []string
	for _, a := range attacks {
		n := a.trials()
		errored, undetermined := float64(a.tally.Errored)/float64(n), float64(a.tally.Undetermined)/float64(n)
		switch {
		case errored > limit.MaxErrored:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s errored, and the campaign allows %s", a.name, a.tally.Errored, count(n, "trial"), share(limit.MaxErrored)))
		case undetermined > limit.MaxUndetermined:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s undetermined, and the campaign allows %s", a.name, a.tally.Undetermined, count(n, "trial"), share(limit.MaxUndetermined)))
		case a.tally.Judged() == 0:
			weak = append(weak, fmt.Sprintf("attack %q: no trial was judged", a.name))
		}
	}
	return weak
}
