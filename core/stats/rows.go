package stats

import "github.com/redteam-orchestrator/orchestrator/core"

// Row counts the trials of an attack, or of one of its targets or variants.
type Row struct {
	Name  string
	Tally Tally
	// Open is the number of trials that were begun and have no outcome, because the
	// run was stopped.
	Open int
	// Targets are the rows of an attack's targets, in the order in which they were
	// added; nil in the row of a target or variant.
	Targets []*Row
	// Variants are the rows of an attack's or target's variants, in the order in
	// which they were added; nil in a variant's row and where there are none.
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

// Of says which trials are counted.
type Of struct {
	Attack, Target string
	// Variant is "" for an attack without variants.
	Variant string
}

// Add counts trials with an outcome in the rows of their attack, of its target and of
// its variant. outcome is "" for trials without an outcome.
func (rows *Rows) Add(of Of, outcome core.Outcome, trials int) {
	attack := named((*[]*Row)(rows), of.Attack)
	target := named(&attack.Targets, of.Target)
	for _, row := range []*Row{attack, target} {
		row.add(outcome, trials)
		if of.Variant != "" {
			named(&row.Variants, of.Variant).add(outcome, trials)
		}
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
