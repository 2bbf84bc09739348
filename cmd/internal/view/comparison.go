package view

import (
	"cmp"
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// mostFindings is the largest number of findings that are printed.
const mostFindings = 20

// Comparison prints what changed between two runs.
func Comparison(w io.Writer, c compare.Comparison) {
	fmt.Fprintf(w, "run       %s (%s): %s\n", c.Run.ID, c.Run.Campaign, evidenceOf(c.Run))
	fmt.Fprintf(w, "baseline  %s (%s): %s\n\n", cmp.Or(c.Baseline.ID, "none"), cmp.Or(c.Baseline.Campaign, "-"), evidenceOf(c.Baseline))
	lines := [][]string{{"ATTACK", "THEN", "NOW", "POINTS", "95% CI", "P", "ASR", "UNJUDGED"}}
	for _, cell := range c.Cells {
		lines = append(lines, cellsOf(cell))
	}
	Aligned(w, lines, func(column int) bool { return column == 0 || column == 6 }, 7)
	writeFindings(w, "new findings", c.New)
	writeFindings(w, "not reproduced", c.Gone)
	for i, note := range c.Notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "note: %s\n", phrase.OneLine(note))
	}
}

func evidenceOf(s compare.Side) string {
	part := ""
	if s.Part != nil {
		part = fmt.Sprintf("; a part: %s", phrase.OneLine(s.Part.String()))
	}
	text := fmt.Sprintf("%d of %s judged, %d succeeded", s.Judged(), phrase.Count(s.Planned, "trial"), s.Succeeded)
	if lost := s.Undetermined + s.Errored + s.Open; lost > 0 {
		text += fmt.Sprintf("; %d undetermined, %d errored, %d open", s.Undetermined, s.Errored, s.Open)
	}
	return text + part
}

// cellsOf returns the cells of a row: of the trials that were compared, or of
// all trials where none were.
func cellsOf(c compare.Cell) []string {
	line := []string{c.Name(), succeeded(c.Then.Succeeded, c.Then.Judged()), succeeded(c.Now.Succeeded, c.Now.Judged()), "-", "-", "-", string(c.Change), unjudged(c)}
	if t := c.Test; t != nil {
		line[1], line[2] = succeeded(t.Then.Succeeded, t.Then.Judged), succeeded(t.Now.Succeeded, t.Now.Judged)
		line[3] = fmt.Sprintf("%+.0f", 100*t.Difference)
		line[4] = fmt.Sprintf("%+.0f to %+.0f", 100*t.Low, 100*t.High)
		line[5] = chance(t.PAdjusted)
	}
	return line
}

func succeeded(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", n, of)
}

// unjudged counts the trials without evidence, in the baseline and in the run.
func unjudged(c compare.Cell) string {
	lost := func(t stats.Tally) int { return t.Undetermined + t.Errored }
	if lost(c.Then)+lost(c.Now) == 0 {
		return "0"
	}
	return fmt.Sprintf("%d, %d", lost(c.Then), lost(c.Now))
}

// chance rounds a p-value for display.
func chance(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

func writeFindings(w io.Writer, what string, findings []compare.Finding) {
	if len(findings) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", what)
	for _, f := range findings[:min(len(findings), mostFindings)] {
		fmt.Fprintf(w, "  %s\n", f)
	}
	if more := len(findings) - mostFindings; more > 0 {
		fmt.Fprintf(w, "  and %d more: orchestrator compare --json has all\n", more)
	}
}
