package compare

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
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
	cellName
	cases []*oneCase
	byRow map[int]*oneCase
	// sample is, by side, a trial of the cell; nil if that run has none.
	sample [2]*Trial
}

// cellName identifies a cell. target is "" where both runs attack one target only,
// and variant where the attack has none.
type cellName struct{ attack, target, variant string }

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
	var all []*pair
	byName := map[cellName]*pair{}
	several := severalTargets(baseline, run)
	collect := func(trials []Trial, of side) {
		for _, t := range trials {
			k := cellName{attack: t.Attack, variant: t.Variant}
			if several[t.Attack] {
				k.target = t.Target
			}
			if byName[k] == nil {
				byName[k] = &pair{cellName: k, byRow: map[int]*oneCase{}}
				all = append(all, byName[k])
			}
			byName[k].add(t, of)
		}
	}
	collect(run.Trials, now)
	collect(baseline.Trials, then)
	return all
}

// severalTargets returns the attacks that attack several targets in one of the runs.
// Cells of these are compared by target. One that attacks a single target in each run
// is one cell, whatever the targets are called: see [Cell.Altered].
func severalTargets(baseline, run Run) map[string]bool {
	several := map[string]bool{}
	for _, trials := range [][]Trial{baseline.Trials, run.Trials} {
		first := map[string]string{}
		for _, t := range trials {
			if _, known := first[t.Attack]; !known {
				first[t.Attack] = t.Target
			}
			several[t.Attack] = several[t.Attack] || first[t.Attack] != t.Target
		}
	}
	return several
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

// differentParameters returns a sentence for each parameter that differs.
func differentParameters(before, after []Parameter) []string {
	var all []string
	value := func(list []Parameter, name string) string {
		for _, p := range list {
			if p.Name == name {
				return fmt.Sprintf("%q", phrase.Shorten(p.Value, 60))
			}
		}
		return "not there"
	}
	seen := map[string]bool{}
	for _, p := range slices.Concat(after, before) {
		then, now := value(before, p.Name), value(after, p.Name)
		if !seen[p.Name] && !slices.Contains(before, p) || !seen[p.Name] && !slices.Contains(after, p) {
			all = append(all, fmt.Sprintf("%s is %s in the run, and %s in the baseline", p.Name, now, then))
		}
		seen[p.Name] = true
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
	if baseline.ID != "" {
		all = append(all, differentParameters(baseline.Parameters, run.Parameters)...)
	}
	for _, r := range []struct {
		name string
		Run
	}{{"baseline", baseline}, {"run", run}} {
		s := r.side()
		if s.Part != nil && baseline.ID != "" {
			add("the %s %s is a part of its campaign (%s): compared is what both runs have", r.name, r.ID, s.Part)
		}
		if s.Open > 0 {
			add("%d of %d trials of the %s %s have no outcome: it was not held to its end", s.Open, s.Planned, r.name, r.ID)
		}
		if s.HeldAgain > 0 {
			add("%d of %d trials of the %s %s took several attempts, and count once", s.HeldAgain, s.Planned, r.name, r.ID)
		}
	}
	return all
}
