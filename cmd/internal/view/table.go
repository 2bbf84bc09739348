package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// row counts the outcomes of some trials.
type row struct {
	name  string
	tally stats.Tally
	// open is the number of trials that have no outcome, because the run was
	// stopped.
	open int
	// variants are the rows below that of an attack.
	variants []*row
}

func (r *row) add(c store.Count) {
	if c.Outcome == "" {
		r.open += c.Trials
		return
	}
	for range c.Trials {
		r.tally.Add(c.Outcome)
	}
}

func (r *row) trials() int { return r.tally.Total() + r.open }

// rowsOf counts the trials of each attack, and below it those of each of its
// variants, in the order of the trials.
func rowsOf(counts []store.Count) []*row {
	var attacks []*row
	for _, c := range counts {
		attack := named(&attacks, c.Attack)
		attack.add(c)
		if c.Variant != "" {
			named(&attack.variants, c.Variant).add(c)
		}
	}
	return attacks
}

// named returns the row with a name, a new one if there is none.
func named(rows *[]*row, name string) *row {
	for _, r := range *rows {
		if r.name == name {
			return r
		}
	}
	*rows = append(*rows, &row{name: name})
	return (*rows)[len(*rows)-1]
}

// total adds rows up.
func total(rows []*row) row {
	all := row{name: "all"}
	for _, r := range rows {
		all.tally.Succeeded += r.tally.Succeeded
		all.tally.Defended += r.tally.Defended
		all.tally.Undetermined += r.tally.Undetermined
		all.tally.Errored += r.tally.Errored
		all.open += r.open
	}
	return all
}

// writeTable prints the outcomes of a run's trials per attack and variant, and
// the attack success rate (ASR) with its 95 % Wilson interval. planned is how
// many trials the run was to hold.
func writeTable(w io.Writer, attacks []*row, planned int) {
	all := total(attacks)
	lines := [][]string{{"ATTACK", "TRIALS", "SUCCEEDED", "DEFENDED", "UNDET.", "ERRORED", "OPEN", "ASR", "95% CI"}}
	for _, attack := range attacks {
		lines = append(lines, attack.cells(""))
		for _, variant := range attack.variants {
			lines = append(lines, variant.cells("  "))
		}
	}
	if len(lines) > 2 {
		lines = append(lines, all.cells(""))
	}
	writeAligned(w, lines, func(column int) bool { return column == 0 }, 4, 5, 6)
	if never := planned - all.trials(); never > 0 {
		fmt.Fprintf(w, "%s never begun\n", count(never, "trial"))
	}
}

func (r *row) cells(indent string) []string {
	asr, interval := "-", "-"
	if rate, low, high, ok := r.tally.ASR(); ok {
		asr = percent(rate)
		interval = strings.TrimSuffix(percent(low), "%") + "-" + percent(high)
	}
	return []string{
		indent + r.name, strconv.Itoa(r.trials()), strconv.Itoa(r.tally.Succeeded), strconv.Itoa(r.tally.Defended),
		strconv.Itoa(r.tally.Undetermined), strconv.Itoa(r.tally.Errored), strconv.Itoa(r.open), asr, interval,
	}
}

// writeAligned prints lines of cells, the first of them the heads, in columns.
// Of the rare columns it leaves out those that hold nothing but zeros: a table
// has to fit into 80 columns.
func writeAligned(w io.Writer, lines [][]string, left func(column int) bool, rare ...int) {
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

// percent rounds a rate for people. What is not nothing is not 0%, and what is
// not everything is not 100%.
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

// share shows a limit as the campaign wrote it.
func share(x float64) string { return strconv.FormatFloat(100*x, 'g', 6, 64) + "%" }
