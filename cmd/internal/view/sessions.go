package view

import (
	"fmt"
	"io"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// writeSessions prints when a run was stopped and resumed, and which changes
// the user allowed. It prints nothing for a run with one session.
func writeSessions(w io.Writer, run store.Run) {
	for i, s := range run.Sessions[:max(0, len(run.Sessions)-1)] {
		how := "the process died"
		if !s.Ended.IsZero() {
			how = fmt.Sprintf("%s %s", s.Status, s.Ended.Local().Format(time.RFC3339))
		}
		next := run.Sessions[i+1]
		fmt.Fprintf(w, "resumed        %s, by orchestrator %s (%s)\n", next.Started.Local().Format(time.RFC3339), next.Version, how)
		for _, outcome := range next.Again {
			fmt.Fprintf(w, "  held again   the trials that were %s\n", outcome)
		}
		for _, change := range next.Allowed {
			fmt.Fprintf(w, "  allowed      %s\n", Indented(change))
		}
	}
}
