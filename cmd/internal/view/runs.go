package view

import (
	"io"
	"slices"
	"strconv"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Runs prints runs, each in a line.
func Runs(w io.Writer, runs []store.Run) {
	lines := [][]string{{"RUN", "CAMPAIGN", "STATUS", "TRIALS", "SUCCEEDED", "UNJUDGED", "FROM", "PART"}}
	for _, r := range runs {
		succeeded, defended := r.Outcomes[core.Succeeded], r.Outcomes[core.Defended]
		lines = append(lines, []string{
			r.ID, phrase.OneLine(r.Campaign), string(r.Status), strconv.Itoa(r.Trials),
			strconv.Itoa(succeeded), strconv.Itoa(r.Trials - succeeded - defended), madeFrom(r), phrase.OneLine(r.Selection.String()),
		})
	}
	if !slices.ContainsFunc(runs, func(r store.Run) bool { return !r.Selection.IsWhole() }) {
		lines = without(lines, 7)
	}
	if !slices.ContainsFunc(runs, func(r store.Run) bool { return r.Origin != "" }) {
		lines = without(lines, 6)
	}
	Aligned(w, lines, func(column int) bool { return column < 3 || column >= 6 }, 5)
}

// without leaves a column out.
func without(lines [][]string, column int) [][]string {
	for i := range lines {
		lines[i] = slices.Delete(lines[i], column, column+1)
	}
	return lines
}

// madeFrom names the run from whose record a run was made.
func madeFrom(r store.Run) string {
	if r.Origin == "" {
		return ""
	}
	return string(r.OriginKind) + " of " + r.Origin
}
