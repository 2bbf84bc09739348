package view

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Outcomes prints the outcomes of a run's trials per attack, target where an attack
// has several, and variant, and
// the attack success rate (ASR) with its 95 % Wilson interval. planned is the
// number of trials in the plan.
func Outcomes(w io.Writer, attacks stats.Rows, planned int) {
	all := attacks.Total()
	lines := [][]string{{"ATTACK", "TRIALS", "SUCCEEDED", "DEFENDED", "UNDET.", "ERRORED", "OPEN", "ASR", "95% CI"}}
	for _, attack := range attacks {
		lines = append(lines, outcomeCells(attack, ""))
		if len(attack.Targets) < 2 {
			lines = append(lines, variantCells(attack, "  ")...)
			continue
		}
		for _, target := range attack.Targets {
			lines = append(lines, outcomeCells(target, "  target "))
			lines = append(lines, variantCells(target, "    ")...)
		}
	}
	if len(lines) > 2 {
		lines = append(lines, outcomeCells(all, ""))
	}
	Aligned(w, lines, func(column int) bool { return column == 0 }, 4, 5, 6)
	if never := planned - all.Trials(); never > 0 {
		fmt.Fprintf(w, "%s never begun\n", phrase.Count(never, "trial"))
	}
}

func variantCells(r *stats.Row, indent string) [][]string {
	var lines [][]string
	for _, variant := range r.Variants {
		lines = append(lines, outcomeCells(variant, indent))
	}
	return lines
}

func outcomeCells(r *stats.Row, indent string) []string {
	asr, interval := "-", "-"
	if rate, low, high, ok := r.Tally.ASR(); ok {
		asr = percent(rate)
		interval = strings.TrimSuffix(percent(low), "%") + "-" + percent(high)
	}
	return []string{
		indent + r.Name, strconv.Itoa(r.Trials()), strconv.Itoa(r.Tally.Succeeded), strconv.Itoa(r.Tally.Defended),
		strconv.Itoa(r.Tally.Undetermined), strconv.Itoa(r.Tally.Errored), strconv.Itoa(r.Open), asr, interval,
	}
}

// Aligned prints lines of cells, the first of them the heads, in columns. left
// says which columns are left-aligned. Rare columns that hold only zeros are
// left out, so that the table fits into 80 columns.
func Aligned(w io.Writer, lines [][]string, left func(column int) bool, rare ...int) {
	widths := make([]int, len(lines[0]))
	for column := range widths {
		if !slices.Contains(rare, column) || !zeros(lines[1:], column) {
			for _, line := range lines {
				widths[column] = max(widths[column], utf8.RuneCountInString(line[column]))
			}
		}
	}
	for _, line := range lines {
		var cells []string
		for column, text := range line {
			padding := strings.Repeat(" ", max(0, widths[column]-utf8.RuneCountInString(text)))
			switch {
			case widths[column] == 0:
			case left(column):
				cells = append(cells, text+padding)
			default:
				cells = append(cells, padding+text)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "  "), " "))
	}
}

func zeros(lines [][]string, column int) bool {
	return !slices.ContainsFunc(lines, func(line []string) bool { return line[column] != "0" })
}

// percent rounds a rate for display. A rate above 0 is never shown as 0%, and
// one below 1 never as 100%.
func percent(x float64) string {
	switch rounded := math.Round(100 * x); {
	case rounded == 0 && x > 0:
		return "<1%"
	case rounded == 100 && x < 1:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", rounded)
	}
}
