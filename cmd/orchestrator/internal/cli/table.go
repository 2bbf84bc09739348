package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// attackRow is one attack's outcomes.
type attackRow struct {
	name  string
	tally stats.Tally
	// open is the number of trials that have no outcome, because the run was
	// stopped.
	open int
}

// writeTable prints the outcomes per attack and the attack success rate (ASR)
// with its 95 % Wilson interval.
func writeTable(w io.Writer, rows []attackRow) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "ATTACK\tTRIALS\tSUCCEEDED\tDEFENDED\tUNDETERMINED\tERRORED\tNOT ENDED\tASR\t95% INTERVAL\t")
	var all attackRow
	for _, r := range rows {
		writeRow(t, r)
		all.tally = all.tally.Plus(r.tally)
		all.open += r.open
	}
	if len(rows) > 1 {
		all.name = "all"
		writeRow(t, all)
	}
	return t.Flush()
}

func writeRow(w io.Writer, r attackRow) {
	asr, interval := "-", "-"
	if rate, low, high, ok := r.tally.ASR(); ok {
		asr = percent(rate)
		interval = percent(low) + " to " + percent(high)
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", r.name, r.tally.Total()+r.open,
		r.tally.Succeeded, r.tally.Defended, r.tally.Undetermined, r.tally.Errored, r.open, asr, interval)
}

func percent(x float64) string { return fmt.Sprintf("%.0f%%", 100*x) }
