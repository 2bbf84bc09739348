package view

import (
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Run is a run as shown. Its fields are as the store reads them.
type Run struct {
	Run         store.Run
	Trials      []store.Trial
	Counts      []store.Count
	Connections []store.Connection
	Notices     []store.Notice
	// Attacks count the trials.
	Attacks stats.Rows
	// HeldAgain counts the trials that took several attempts, by how many these were.
	HeldAgain map[int]int
	// Events is the file of the run's event log; "" where there is none.
	Events string
}

// Write prints the run. width is the number of columns; 0 means no limit.
func (r Run) Write(w io.Writer, width int) {
	writeRun(w, r.Run)
	if r.Events != "" {
		fmt.Fprintf(w, "events         %s\n", r.Events)
	}
	Plain(w, "in the clear   ", r.Run.Plain)
	writeConnections(w, r.Connections)
	writeNotices(w, r.Notices)
	fmt.Fprintln(w)
	Outcomes(w, r.Attacks, r.Run.Trials)
	HeldAgain(w, r.HeldAgain)
	fmt.Fprintln(w)
	writeTrials(w, r.Trials, width)
	Failures(w, r.Counts)
}

// writeTrials prints how each trial ended, and cuts the reasons to the width.
func writeTrials(w io.Writer, trials []store.Trial, width int) {
	lines := [][]string{{"TRIAL", "OUTCOME", "REASON"}}
	id, outcome := 0, 0
	for _, t := range trials {
		id, outcome = max(id, utf8.RuneCountInString(t.ID)), max(outcome, len(core.Undetermined), len(outcomeOf(t)))
	}
	for _, t := range trials {
		reason := phrase.OneLine(reasonOf(t))
		if t.Result != nil && t.Result.Outcome == core.Defended {
			reason = "" // a defence needs no explanation
		}
		lines = append(lines, []string{t.ID, outcomeOf(t), fit(reason, width, id+outcome+4)})
	}
	Aligned(w, lines, func(int) bool { return true })
}

// fit shortens a text to the rest of the line's width, but to at least 20
// characters. A width of 0 means no limit.
func fit(s string, width, taken int) string {
	const least = 20
	if width == 0 {
		return s
	}
	return phrase.Shorten(s, max(width-taken, least))
}

func writeRun(w io.Writer, run store.Run) {
	fmt.Fprintf(w, "run %s: %s\n", run.ID, run.Status)
	if run.Message != "" {
		fmt.Fprintf(w, "  %s\n", Indented(run.Message))
	}
	fmt.Fprintf(w, "campaign       %s (%s)\n", run.Campaign, run.File)
	if !run.Selection.IsWhole() {
		fmt.Fprintf(w, "part           %s\n", phrase.OneLine(run.Selection.String()))
	}
	switch run.OriginKind {
	case store.Replay:
		fmt.Fprintf(w, "replays        run %s\n", run.Origin)
	case store.Rescore:
		fmt.Fprintf(w, "judges again   run %s\n", run.Origin)
	}
	if run.Authorization != "" {
		fmt.Fprintf(w, "authorization  %s\n", Indented(run.Authorization))
	}
	fmt.Fprintf(w, "started        %s\n", run.Started.Local().Format(time.RFC3339))
	if !run.Ended.IsZero() {
		fmt.Fprintf(w, "ended          %s, after %s\n", run.Ended.Local().Format(time.RFC3339), Round(run.Ended.Sub(run.Started)))
	}
	fmt.Fprintf(w, "orchestrator   %s\n", run.Version)
	if run.Recorded {
		fmt.Fprintln(w, "recorded       call by call: orchestrator replay holds it again")
	}
	Values(w, "", run.Values)
	writeSessions(w, run)
	writePlugins(w, run.Plugins)
}
