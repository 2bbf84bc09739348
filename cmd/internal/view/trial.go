package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Trial prints the objective of a trial, and how an attempt at it ended. attempts are
// all that were begun. silent says that the attempt has no turn that shows the reason.
func Trial(w io.Writer, trial store.Trial, attempts []store.AttemptResult, attempt int, silent bool, file FileOf) {
	if attempt == trial.Attempt {
		writeOutcome(w, trial, attempts, silent)
	} else {
		fmt.Fprintf(w, "trial %s, attempt %d of %d: %s\n", trial.ID, attempt, trial.Begun, endOf(attempts[attempt-1]))
		fmt.Fprintln(w, "  it does not count: what came of the trial is shown without --attempt")
	}
	fmt.Fprintf(w, "objective  %s\n", Indented(strings.TrimRight(trial.Objective, "\n")))
	fmt.Fprintf(w, "target     %s\n", trial.Target)
	fmt.Fprintf(w, "success    %s\n", Indented(trial.Success))
	if trial.SystemPrompt != "" {
		fmt.Fprintf(w, "\nsystem\n    %s  %s\n", label("text"), showValue(core.TextValue(trial.SystemPrompt), file))
	}
}

// writeOutcome prints the outcome of a trial.
func writeOutcome(w io.Writer, trial store.Trial, attempts []store.AttemptResult, silent bool) {
	fmt.Fprintf(w, "trial %s: %s\n", trial.ID, outcomeOf(trial))
	if reason := reasonOf(trial); reason != "" {
		fmt.Fprintf(w, "  %s\n", Indented(reason))
	}
	switch n := trial.Attempt - 1; {
	case trial.Begun > max(1, trial.Attempt) || trial.Held > 1:
		writeAttempts(w, trial, attempts)
	case n > 0:
		fmt.Fprintf(w, "  attempt %d: the run was stopped during %s, kept and not counted (--attempt %d shows it)\n", trial.Attempt, phrase.Count(n, "earlier attempt"), n)
	}
	if r := trial.Result; silent && r != nil && r.Failure != nil && r.Failure.Hint != "" { // a turn shows its own
		fmt.Fprintf(w, "  hint: %s\n", Indented(r.Failure.Hint))
	}
}

// writeAttempts prints how each attempt at a trial ended that was held again.
func writeAttempts(w io.Writer, trial store.Trial, attempts []store.AttemptResult) {
	for _, a := range attempts {
		shown := fmt.Sprintf("--attempt %d shows it", a.Number)
		if a.Number == trial.Attempt {
			shown = "it counts, and is shown here"
		}
		fmt.Fprintf(w, "  attempt %d: %s (%s)\n", a.Number, endOf(a), shown)
	}
}

// endOf says how an attempt ended.
func endOf(a store.AttemptResult) string {
	if a.Result == nil {
		return "the run was stopped during it"
	}
	return inFront(string(a.Result.Outcome)+": ", phrase.OneLine(a.Result.Reason))
}

// outcomeOf names the outcome of a trial, and the attempt that it is of where an earlier
// one had another.
func outcomeOf(t store.Trial) string {
	switch {
	case t.Result == nil:
		return "not ended"
	case t.Held > 1:
		return fmt.Sprintf("%s (attempt %d of %d)", t.Result.Outcome, t.Attempt, t.Begun)
	}
	return string(t.Result.Outcome)
}

func reasonOf(t store.Trial) string {
	if t.Result == nil {
		return ""
	}
	return t.Result.Reason
}

// HeldAgain prints how many trials took several attempts; trials are counted by how many
// these were. It prints nothing where there are none.
func HeldAgain(w io.Writer, trials map[int]int) {
	for _, attempts := range slices.Sorted(maps.Keys(trials)) {
		fmt.Fprintf(w, "%s held again: %d attempts each, counted once\n", phrase.Count(trials[attempts], "trial"), attempts)
	}
}
