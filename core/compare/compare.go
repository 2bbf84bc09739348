package compare

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Version is the version of the JSON form of a [Comparison]. Adding fields does not
// change it; existing fields keep their meaning.
const Version = 1

// Alpha is the default level of significance: the probability that a comparison of
// two runs with the same true rates reports that some rate moved.
const Alpha = 0.05

// Comparison is what changed from the baseline to the run.
type Comparison struct {
	Version int `json:"version"`
	// Conclusion is the overall result.
	Conclusion Conclusion `json:"conclusion"`
	Baseline   Side       `json:"baseline"`
	Run        Side       `json:"run"`
	// Alpha is the level of significance, Confidence the level of the intervals.
	Alpha      float64 `json:"alpha"`
	Confidence float64 `json:"confidence"`
	// Notes are sentences for people about what limits the comparison, such as
	// too few trials.
	Notes []string `json:"notes"`
	// New are the findings of the run that the baseline does not have. Gone are
	// those of the baseline that the run judged without a success.
	New  []Finding `json:"new_findings"`
	Gone []Finding `json:"not_reproduced"`
	// Cells are the attacks' variants: first those of the run, in its order, then
	// those that only the baseline has.
	Cells []Cell `json:"cells"`
}

// Conclusion is the overall result of a comparison.
type Conclusion string

// The conclusions of a comparison.
const (
	// Worse means that there is a new finding, or that a rate rose significantly.
	Worse Conclusion = "worse"
	// NoEvidence means that nothing is known to be worse, but that no trial of
	// some cell was judged in the run, or no trial at all in the baseline.
	NoEvidence Conclusion = "no_evidence"
	// NotWorse means that there is no new finding, and that no rate rose
	// significantly.
	NotWorse Conclusion = "not_worse"
)

// Moved reports whether some attack success rate rose or fell significantly.
func (c Comparison) Moved() bool {
	for _, cell := range c.Cells {
		if cell.Change == Rose || cell.Change == Fell {
			return true
		}
	}
	return false
}

// New compares a run with its baseline, at a level of significance alpha strictly
// between 0 and 1. A baseline with an empty ID means that there is no baseline:
// every finding is new then.
func New(baseline, run Run, alpha float64) Comparison {
	c := Comparison{
		Version: Version, Baseline: baseline.side(), Run: run.side(), Alpha: alpha, Confidence: stats.Confidence,
		Notes: notes(baseline, run), New: []Finding{}, Gone: []Finding{}, Cells: []Cell{},
	}
	for _, p := range pairs(baseline.within(run.Selection), run.within(baseline.Selection)) {
		c.Cells = append(c.Cells, p.cell(baseline.whole(), run.whole()))
		c.New = append(c.New, p.newFindings()...)
		c.Gone = append(c.Gone, p.gone()...)
	}
	c.judge()
	c.noteAltered()
	c.Conclusion = c.conclude()
	return c
}

// judge decides which rates moved. The p-values of all cells are adjusted together,
// so that many cells do not make a chance finding likely. It notes how many cells
// have too few trials for any difference to be significant.
func (c *Comparison) judge() {
	var tested []*Cell
	var p []float64
	for i := range c.Cells {
		if cell := &c.Cells[i]; cell.Test != nil {
			tested, p = append(tested, cell), append(p, cell.Test.P)
		}
	}
	blunt := 0
	for i, adjusted := range stats.Holm(p) {
		t := tested[i].Test
		t.PAdjusted = adjusted
		switch {
		case adjusted > c.Alpha:
			tested[i].Change = Unmoved
		case t.Difference > 0:
			tested[i].Change = Rose
		default:
			tested[i].Change = Fell
		}
		if stats.Fisher(0, t.Then.Judged, t.Now.Judged, t.Now.Judged)*float64(len(p)) > c.Alpha {
			blunt++
		}
	}
	if blunt > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%d of %d cells have too few trials for any change to be shown: raise trials", blunt, len(p)))
	}
}

// noteAltered adds a note with the cells whose target, objective or success
// expression differs between the runs.
func (c *Comparison) noteAltered() {
	const most = 5
	var names []string
	for _, cell := range c.Cells {
		if len(cell.Altered) > 0 {
			names = append(names, cell.Name()+" ("+strings.Join(cell.Altered, ", ")+")")
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		c.Notes = append(c.Notes, "not held or judged by the same as in the baseline: "+strings.Join(names, ", "))
	}
}

// judged counts the trials of the cells that were judged, in the baseline and in the run.
func (c *Comparison) judged() (then, now int) {
	for _, cell := range c.Cells {
		then, now = then+cell.Then.Judged(), now+cell.Now.Judged()
	}
	return then, now
}

// unfounded reports whether there is a baseline without any judged trial of what is
// compared.
func (c *Comparison) unfounded() bool {
	then, _ := c.judged()
	return c.Baseline.ID != "" && then == 0
}

// apart reports whether the runs are parts of a campaign with no case in common.
func (c *Comparison) apart() bool {
	return c.Baseline.Part != nil && c.Run.Part != nil && len(c.Cells) == 0
}

func (c *Comparison) conclude() Conclusion {
	conclusion := NotWorse
	if _, now := c.judged(); now == 0 || c.unfounded() {
		conclusion = NoEvidence
	}
	for _, cell := range c.Cells {
		if cell.Change == Rose {
			return Worse
		}
		if cell.Change == Unknown && cell.Now.Judged() == 0 {
			conclusion = NoEvidence
		}
	}
	if len(c.New) > 0 {
		return Worse
	}
	return conclusion
}
