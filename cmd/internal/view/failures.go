package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// mostFailures is the largest number of reasons that are printed.
const mostFailures = 5

// Failures prints why trials errored: each reason once, with its hint and the
// number of trials, the most frequent first.
func Failures(w io.Writer, counts []store.Count) {
	stopped := map[record.Failure]int{}
	var reasons []record.Failure
	for _, c := range counts {
		if c.Failure == nil {
			continue
		}
		if stopped[*c.Failure] == 0 {
			reasons = append(reasons, *c.Failure)
		}
		stopped[*c.Failure] += c.Trials
	}
	if len(reasons) == 0 {
		return
	}
	slices.SortStableFunc(reasons, func(a, b record.Failure) int { return cmp.Compare(stopped[b], stopped[a]) })
	fmt.Fprintln(w, "\nerrors:")
	for _, r := range reasons[:min(len(reasons), mostFailures)] {
		fmt.Fprintf(w, "  %s: %s\n", phrase.Count(stopped[r], "trial"), phrase.OneLine(r.Message))
		if r.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", phrase.OneLine(r.Hint))
		}
	}
	if more := len(reasons) - mostFailures; more > 0 {
		fmt.Fprintf(w, "  and %d more reasons\n", more)
	}
}
