package stats_test

import (
	"math"
	"slices"
	"testing"
	"testing/quick"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func TestHolmsCorrectionAgreesWithPublishedValues(t *testing.T) {
	for _, test := range []struct{ p, want []float64 }{
		{nil, []float64{}},
		{[]float64{0.03}, []float64{0.03}},
		// The textbook example of four hypotheses; at 0.05 the first and the last
		// are rejected.
		{[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		{[]float64{0.9, 0.8}, []float64{1, 1}},
	} {
		got := stats.Holm(test.p)
		if !slices.EqualFunc(got, test.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("Holm(%v) = %v, want %v", test.p, got, test.want)
		}
	}
}

func TestAnAdjustedValueIsNeverSmallerAndKeepsItsRank(t *testing.T) {
	property := func(given []float64) bool {
		p := make([]float64, len(given))
		for i, x := range given {
			p[i] = math.Abs(math.Sin(x)) // from 0 to 1
		}
		before := slices.Clone(p)
		adjusted := stats.Holm(p)
		for i := range p {
			for j := range p {
				if p[i] < p[j] && adjusted[i] > adjusted[j] {
					return false
				}
			}
			if adjusted[i] < p[i] || adjusted[i] > 1 {
				return false
			}
		}
		return slices.Equal(p, before)
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}
