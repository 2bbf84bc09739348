package stats

import "github.com/redteam-orchestrator/orchestrator/core"

// Tally counts trials by outcome. The zero value counts none.
type Tally struct {
	Succeeded    int `json:"succeeded"`
	Defended     int `json:"defended"`
	Undetermined int `json:"undetermined"`
	Errored      int `json:"errored"`
}

// Add counts one trial. An unknown outcome counts as errored, so that it is not
// taken for evidence.
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

// Total returns the number of trials counted.
func (t Tally) Total() int {
	return t.Succeeded + t.Defended + t.Undetermined + t.Errored
}

// Judged returns the number of trials with evidence: succeeded or defended.
func (t Tally) Judged() int { return t.Succeeded + t.Defended }

// ASR returns the attack success rate, succeeded ÷ (succeeded + defended), with its
// Wilson interval at the level [Confidence]; all three are from 0 to 1. ok is false
// if no trial was judged: the rate is then undefined, not 0, and the interval is
// [0, 1]. A rate should be shown together with Undetermined and Errored, which it
// does not contain.
func (t Tally) ASR() (rate, low, high float64, ok bool) {
	n := t.Judged()
	low, high = Wilson(t.Succeeded, n, Confidence)
	if n == 0 {
		return 0, low, high, false
	}
	return float64(t.Succeeded) / float64(n), low, high, true
}
