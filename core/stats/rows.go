package stats

import "github.com/redteam-orchestrator/orchestrator/core"

// Row counts the trials of an attack, or of one of its variants.
type Row struct {
	Name  string
	Tally Tally
	// Open is the number of trials that were begun and have no outcome, because the
	// run was stopped.
	Open int
	// Variants are the rows of an attack's variants, in the order in which they were
	// added. It is nil in a variant's row and for an attack without variants.
	Variants []*Row
}

// Trials returns how many trials the row counts.
func (r *Row) Trials() int { return r.Tally.Total() + r.Open }

func (r *Row) add(outcome core.Outcome, trials int) {
	if outcome == "" {
		r.Open += trials
		return
	}
	for range trials {
		r.Tally.Add(outcome)
	}
}

// Rows count the trials of a run: one row for each attack, in the order in which
// they were added. The zero value is empty.
type Rows []*Row

// Add counts trials with an outcome in the row of their attack, and in that of their
// variant unless variant is "". outcome is "" for trials without an outcome.
func (rows *Rows) Add(attack, variant string, outcome core.Outcome, trials int) {
	row := named((*[]*Row)(rows), attack)
	row.add(outcome, trials)
	if variant != "" {
		named(&row.Variants, variant).add(outcome, trials)
	}
}

// Total returns the sum of the attacks' rows, as a row with the name "all".
func (rows Rows) Total() *Row {
	all := &Row{Name: "all"}
	for _, r := range rows {
		all.Tally.Succeeded += r.Tally.Succeeded
		all.Tally.Defended += r.Tally.Defended
		all.Tally.Undetermined += r.Tally.Undetermined
		all.Tally.Errored += r.Tally.Errored
		all.Open += r.Open
	}
	return all
}

// named returns the row with a name, and adds one if there is none.
func named(rows *[]*Row, name string) *Row {
	for _, r := range *rows {
		if r.Name == name {
			return r
		}
	}
	*rows = append(*rows, &Row{Name: name})
	return (*rows)[len(*rows)-1]
}
