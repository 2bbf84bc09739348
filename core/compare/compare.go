package compare

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Version is that of the JSON form of a [Comparison]. Fields may be added to it;
// none changes its meaning.
const Version = 1

// Alpha is the level of significance where nobody chooses another: the chance
// that a comparison in which nothing has changed says that some rate moved.
const Alpha = 0.05

// Comparison is what changed from the baseline to the run.
type Comparison struct {
	Version int `json:"version"`
	// Conclusion sums it up.
	Conclusion Conclusion `json:"conclusion"`
	Baseline   Side       `json:"baseline"`
	Run        Side       `json:"run"`
	// Alpha is the level of significance, Confidence that of the intervals.
	Alpha      float64 `json:"alpha"`
	Confidence float64 `json:"confidence"`
	// Notes are what has to be known beside the figures, for people.
	Notes []string `json:"notes"`
	// New are the findings that the baseline does not have, and Gone those that
	// only the baseline has.
	New  []Finding `json:"new_findings"`
	Gone []Finding `json:"not_reproduced"`
	// Cells are the attacks' variants, in the order of the run, and then those
	// that only the baseline has.
	Cells []Cell `json:"cells"`
}

// Conclusion is the answer of a comparison.
type Conclusion string

// The conclusions of a comparison.
const (
	// Worse: there is a new finding, or a rate really rose.
	Worse Conclusion = "worse"
	// NoEvidence: nothing is worse as far as it is known, and of some cell it is
	// not known, because no trial of the run's was judged. So it is where the
	// baseline as a whole has none.
	NoEvidence Conclusion = "no_evidence"
	// NotWorse: no new finding, and no rate that can be shown to have risen.
	NotWorse Conclusion = "not_worse"
)

// Moved reports whether some attack success rate really changed, to whichever
// side.
func (c Comparison) Moved() bool {
	for _, cell := range c.Cells {
		if cell.Change == Rose || cell.Change == Fell {
			return true
		}
	}
	return false
}

// New compares a run with its baseline, at a level of significance strictly
// between 0 and 1. A baseline without an ID stands for that there is none yet:
// then every finding is new.
func New(baseline, run Run, alpha float64) Comparison {
	c := Comparison{
		Version: Version, Baseline: baseline.side(), Run: run.side(), Alpha: alpha, Confidence: stats.Confidence,
		Notes: notes(baseline, run), New: []Finding{}, Gone: []Finding{}, Cells: []Cell{},
	}
	for _, p := range pairs(baseline, run) {
		c.Cells = append(c.Cells, p.cell(baseline.whole(), run.whole()))
		c.New = append(c.New, p.newFindings()...)
		c.Gone = append(c.Gone, p.gone()...)
	}
	c.judge()
	c.noteAltered()
	c.Conclusion = c.conclude()
	return c
}

// judge decides which rates moved. All cells are looked at together, so that many
// of them do not make a change of one likely.
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

// noteAltered names the cells that are held or judged by something else.
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

// unfounded reports whether there is a baseline that proves nothing.
func (c *Comparison) unfounded() bool { return c.Baseline.ID != "" && c.Baseline.Judged() == 0 }

func (c *Comparison) conclude() Conclusion {
	conclusion := NotWorse
	if c.Run.Judged() == 0 || c.unfounded() {
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
