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
	// added; nil in the row of a variant, and of an attack without any.
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

// Add counts trials of an attack with an outcome, and in the row of the variant below
// that of the attack where they are of one. outcome is "" for trials without any.
func (rows *Rows) Add(attack, variant string, outcome core.Outcome, trials int) {
	row := named((*[]*Row)(rows), attack)
	row.add(outcome, trials)
	if variant != "" {
		named(&row.Variants, variant).add(outcome, trials)
	}
}

// Total adds the attacks up, in a row with the name "all".
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

// named returns the row with a name, and adds one where there is none.
func named(rows *[]*Row, name string) *Row {
	for _, r := range *rows {
		if r.Name == name {
			return r
		}
	}
	*rows = append(*rows, &Row{Name: name})
	return (*rows)[len(*rows)-1]
}
