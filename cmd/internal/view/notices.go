package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// writeNotices prints the notices of a run, delivered and failed.
func writeNotices(w io.Writer, notices []store.Notice) {
	for _, n := range notices {
		how := "told"
		if n.Failure != "" {
			how = "NOT TOLD"
		}
		fmt.Fprintf(w, "notice         %s %s %s, against %s: %s\n", n.At.Local().Format(time.RFC3339), how, n.Webhook, cmp.Or(n.Baseline, "no baseline"), strings.Join(n.Occasions, ", "))
		if n.Failure != "" {
			fmt.Fprintf(w, "  failed       %s (tries: %d)\n", phrase.OneLine(n.Failure), n.Tries)
		}
	}
}
