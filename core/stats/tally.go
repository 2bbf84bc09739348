package stats

import "github.com/redteam-orchestrator/orchestrator/core"

// Tally counts trials by outcome. The zero value counts none.
type Tally struct {
	Succeeded    int `json:"succeeded"`
	Defended     int `json:"defended"`
	Undetermined int `json:"undetermined"`
	Errored      int `json:"errored"`
}

// Add counts one trial. A value that is no outcome counts as errored: what
// nobody understands is no evidence.
func (t *Tally) Add(o core.Outcome) {
	switch o {
	case core.Succeeded:
		t.Succeeded++
	case core.Defended:
		t.Defended++
	case core.Undetermined:
		t.Undetermined++
	default:
		t.Errored++
	}
}

// Total is the number of trials counted.
func (t Tally) Total() int {
	return t.Succeeded + t.Defended + t.Undetermined + t.Errored
}

// Judged is the number of trials that are evidence: succeeded or defended.
func (t Tally) Judged() int { return t.Succeeded + t.Defended }

// ASR returns the attack success rate, succeeded ÷ (succeeded + defended),
// with its Wilson interval at the level [Confidence]; all three are from 0 to
// 1. ok is false where no trial was judged: there is no rate then, which is
// not the same as a rate of 0. Show it beside Undetermined and Errored.
func (t Tally) ASR() (rate, low, high float64, ok bool) {
	n := t.Judged()
	low, high = Wilson(t.Succeeded, n, Confidence)
	if n == 0 {
		return 0, low, high, false
	}
	return float64(t.Succeeded) / float64(n), low, high, true
}
