package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Trial prints the objective of a trial, and how an attempt at it ended. silent
// says that the attempt has no turn that shows the reason.
func Trial(w io.Writer, trial store.Trial, attempt int, silent bool, file FileOf) {
	if attempt == trial.Attempt {
		writeOutcome(w, trial, silent)
	} else {
		fmt.Fprintf(w, "trial %s, attempt %d of %d: the run was stopped during it\n", trial.ID, attempt, trial.Attempt)
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
func writeOutcome(w io.Writer, trial store.Trial, silent bool) {
	fmt.Fprintf(w, "trial %s: %s\n", trial.ID, outcomeOf(trial))
	if reason := reasonOf(trial); reason != "" {
		fmt.Fprintf(w, "  %s\n", Indented(reason))
	}
	if n := trial.Attempt - 1; n > 0 {
		fmt.Fprintf(w, "  attempt %d: the run was stopped during %s, kept and not counted (--attempt %d shows it)\n", trial.Attempt, phrase.Count(n, "earlier attempt"), n)
	}
	if r := trial.Result; silent && r != nil && r.Failure != nil && r.Failure.Hint != "" { // a turn shows its own
		fmt.Fprintf(w, "  hint: %s\n", Indented(r.Failure.Hint))
	}
}

func outcomeOf(t store.Trial) string {
	if t.Result == nil {
		return "not ended"
	}
	return string(t.Result.Outcome)
}

func reasonOf(t store.Trial) string {
	if t.Result == nil {
		return ""
	}
	return t.Result.Reason
}
