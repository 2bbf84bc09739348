package compare

import (
	"bytes"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// side is one of the two runs: then is the baseline, now the run.
type side int

const (
	then side = iota
	now
)

// pair holds the trials of a cell from both runs.
type pair struct {
	attack, variant string
	cases           []*oneCase
	byRow           map[int]*oneCase
	// sample is, by side, a trial of the cell; nil if that run has none.
	sample [2]*Trial
}

// oneCase holds the trials of a case from both runs.
type oneCase struct {
	row       int
	then, now held
}

// held holds the trials of a case from one run.
type held struct {
	tally  stats.Tally
	trials []Trial
}

func (h *held) add(t Trial) {
	h.trials = append(h.trials, t)
	if t.Outcome != "" {
		h.tally.Add(t.Outcome)
	}
}

// pairs groups the trials of both runs by cell: first the cells of the run, in its
// order, then those that only the baseline has.
func pairs(baseline, run Run) []*pair {
	type key struct{ attack, variant string }
	var all []*pair
	byName := map[key]*pair{}
	collect := func(trials []Trial, of side) {
		for _, t := range trials {
			k := key{t.Attack, t.Variant}
			if byName[k] == nil {
				byName[k] = &pair{attack: t.Attack, variant: t.Variant, byRow: map[int]*oneCase{}}
				all = append(all, byName[k])
			}
			byName[k].add(t, of)
		}
	}
	collect(run.Trials, now)
	collect(baseline.Trials, then)
	return all
}

func (p *pair) add(t Trial, of side) {
	k := p.byRow[t.Row]
	if k == nil {
		k = &oneCase{row: t.Row}
		p.byRow[t.Row] = k
		p.cases = append(p.cases, k)
	}
	if p.sample[of] == nil {
		p.sample[of] = &t
	}
	if of == now {
		k.now.add(t)
		return
	}
	k.then.add(t)
}

func (p *pair) has(s side) bool { return p.sample[s] != nil }

// altered returns which of target, objective and success differ between the runs.
func (p *pair) altered() []string {
	if !p.has(then) || !p.has(now) {
		return nil
	}
	var all []string
	before, after := p.sample[then], p.sample[now]
	if before.Target != after.Target {
		all = append(all, "target")
	}
	if before.Objective != after.Objective {
		all = append(all, "objective")
	}
	if before.Success != after.Success {
		all = append(all, "success")
	}
	return all
}

// notes returns what makes the two runs hard to compare.
func notes(baseline, run Run) []string {
	all := []string{}
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case baseline.ID == "":
		add("there is no earlier run to compare with: every finding is new")
	case baseline.ID == run.ID:
		add("the run is its own baseline")
	case baseline.Campaign != run.Campaign:
		add("these are runs of different campaigns: %s and %s", baseline.Campaign, run.Campaign)
	case !bytes.Equal(baseline.Source, run.Source):
		add("the campaign's file was changed in between: a difference may come from there")
	}
	for _, r := range []struct {
		name string
		Run
	}{{"baseline", baseline}, {"run", run}} {
		if s := r.side(); s.Open > 0 {
			add("%d of %d trials of the %s %s have no outcome: it was not held to its end", s.Open, s.Planned, r.name, r.ID)
		}
	}
	return all
}
