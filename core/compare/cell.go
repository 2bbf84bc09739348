package compare

import "github.com/redteam-orchestrator/orchestrator/core/stats"

// Cell is an attack, or one of its targets and variants, in both runs. Its cases are compared: a
// case is the variant with one row of the dataset, or the variant alone if there is
// no dataset. The trials of a run repeat a case.
type Cell struct {
	Attack string `json:"attack"`
	// Target is "" where the attack has one target in each run.
	Target  string `json:"target,omitempty"`
	Variant string `json:"variant,omitempty"`
	// Then and Now count all trials that have an outcome.
	Then stats.Tally `json:"then"`
	Now  stats.Tally `json:"now"`
	// Change is the result of the comparison, and Test its figures. Test is nil if
	// no case was judged in both runs.
	Change Change `json:"change"`
	Test   *Test  `json:"test,omitempty"`
	// Altered are those of "target", "objective" and "success" that differ between
	// the runs. They may be the cause of a difference.
	Altered []string `json:"altered,omitempty"`
}

// Change is the change of a cell's attack success rate from the baseline to the run.
type Change string

// The changes of a cell.
const (
	// Rose and Fell mean that the rate changed significantly.
	Rose Change = "rose"
	Fell Change = "fell"
	// Unmoved means that the difference is not significant. The rates need not be
	// the same: the interval of the difference says how far apart they may be.
	Unmoved Change = "unmoved"
	// Unknown means that no case was judged in both runs.
	Unknown Change = "no_evidence"
	// Added and Removed mean that only the run, or only the baseline, has the cell.
	Added   Change = "only_in_run"
	Removed Change = "only_in_baseline"
)

// Test is the comparison of a cell's rates. It uses only the cases that were judged
// in both runs: the others could make a difference where there is no change.
type Test struct {
	// Cases is the number of cases that were judged in both runs, Left of those
	// judged in one only.
	Cases int  `json:"cases"`
	Left  int  `json:"left_out"`
	Then  Rate `json:"then"`
	Now   Rate `json:"now"`
	// Difference is Now.ASR - Then.ASR, and Low to High its Newcombe interval.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	// P is the p-value of Fisher's exact test, two-sided; PAdjusted is corrected
	// for the number of cells by Holm's method.
	P         float64 `json:"p"`
	PAdjusted float64 `json:"p_adjusted"`
}

// Rate is an attack success rate with its Wilson interval.
type Rate struct {
	Succeeded int     `json:"succeeded"`
	Judged    int     `json:"judged"`
	ASR       float64 `json:"asr"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
}

func rateOf(t stats.Tally) Rate {
	r := Rate{Succeeded: t.Succeeded, Judged: t.Judged()}
	r.ASR, r.Low, r.High, _ = t.ASR()
	return r
}

// Name returns ATTACK[/TARGET][/VARIANT].
func (c Cell) Name() string { return cellName{c.Attack, c.Target, c.Variant}.row(0) }

// cell compares the rates, except for what depends on other cells, which [New] adds.
// thenWhole and nowWhole say whether every trial of that run was begun; only then is
// a missing cell one that the run does not have.
func (p *pair) cell(thenWhole, nowWhole bool) Cell {
	c := Cell{Attack: p.attack, Target: p.target, Variant: p.variant, Altered: p.altered()}
	for _, k := range p.cases {
		c.Then, c.Now = plus(c.Then, k.then.tally), plus(c.Now, k.now.tally)
	}
	c.Test = p.test()
	switch {
	case !p.has(then) && thenWhole && c.Now.Judged() > 0:
		c.Change = Added
	case !p.has(now) && nowWhole:
		c.Change = Removed
	case c.Test == nil:
		c.Change = Unknown
	}
	return c
}

// test compares the cases that were judged in both runs; nil if there is none.
func (p *pair) test() *Test {
	var before, after stats.Tally
	t := &Test{}
	for _, k := range p.cases {
		if k.then.tally.Judged() == 0 || k.now.tally.Judged() == 0 {
			t.Left += min(1, k.then.tally.Judged()+k.now.tally.Judged())
			continue
		}
		t.Cases++
		before, after = plus(before, k.then.tally), plus(after, k.now.tally)
	}
	if t.Cases == 0 {
		return nil
	}
	t.Then, t.Now = rateOf(before), rateOf(after)
	t.Difference = t.Now.ASR - t.Then.ASR
	t.Low, t.High = stats.Newcombe(t.Now.Succeeded, t.Now.Judged, t.Then.Succeeded, t.Then.Judged, stats.Confidence)
	t.P = stats.Fisher(t.Then.Succeeded, t.Then.Judged, t.Now.Succeeded, t.Now.Judged)
	return t
}

func plus(a, b stats.Tally) stats.Tally {
	a.Succeeded += b.Succeeded
	a.Defended += b.Defended
	a.Undetermined += b.Undetermined
	a.Errored += b.Errored
	return a
}
