package stats_test

import (
	"math"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// The first four rows are published: R. G. Newcombe, "Two-sided confidence
// intervals for the single proportion: comparison of seven methods",
// Statistics in Medicine 17 (1998), 857–872, table I, method 3 (score, without
// continuity correction).
func TestTheWilsonIntervalAgreesWithPublishedValues(t *testing.T) {
	for _, test := range []struct {
		successes, n int
		confidence   float64
		low, high    float64
	}{
		{81, 263, 0.95, 0.2553, 0.3662},
		{15, 148, 0.95, 0.0624, 0.1605},
		{0, 20, 0.95, 0.0000, 0.1611},
		{1, 29, 0.95, 0.0061, 0.1718},
		// All of n has the closed form low = n/(n+z²), here with z = 1.9600, and
		// none of n high = z²/(n+z²), here with z = 2.5758.
		{29, 29, 0.95, 0.8830, 1.0000},
		{0, 10, 0.99, 0.0000, 0.3989},
	} {
		low, high := stats.Wilson(test.successes, test.n, test.confidence)
		if !near(low, test.low) || !near(high, test.high) {
			t.Errorf("Wilson(%d, %d, %v) = [%.4f, %.4f], want [%.4f, %.4f]",
				test.successes, test.n, test.confidence, low, high, test.low, test.high)
		}
	}
}

func near(got, want float64) bool { return math.Abs(got-want) < 0.00006 }

func TestTheIntervalHoldsTheRateAndStaysBetweenZeroAndOne(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for successes := 0; successes <= n; successes++ {
			low, high := stats.Wilson(successes, n, 0.95)
			rate := float64(successes) / float64(n)
			if low < 0 || high > 1 || low > rate || high < rate || low >= high {
				t.Fatalf("Wilson(%d, %d) = [%v, %v] around %v", successes, n, low, high, rate)
			}
		}
	}
}

func TestMoreTrialsGiveANarrowerInterval(t *testing.T) {
	previous := 1.0
	for n := 10; n <= 1000; n *= 10 {
		low, high := stats.Wilson(n/2, n, 0.95)
		if high-low >= previous {
			t.Errorf("with %d trials the interval is %v wide, not narrower than %v", n, high-low, previous)
		}
		previous = high - low
	}
}

func TestNoTrialsMeanNothingIsKnown(t *testing.T) {
	if low, high := stats.Wilson(0, 0, 0.95); low != 0 || high != 1 {
		t.Errorf("Wilson(0, 0) = [%v, %v], want [0, 1]", low, high)
	}
}

func TestImpossibleArgumentsGiveNoNumber(t *testing.T) {
	for _, test := range []struct {
		successes, n int
		confidence   float64
	}{{-1, 3, 0.95}, {4, 3, 0.95}, {1, 3, 0}, {1, 3, 1}, {1, 3, math.NaN()}} {
		if low, high := stats.Wilson(test.successes, test.n, test.confidence); !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("Wilson(%+v) = [%v, %v], want NaN", test, low, high)
		}
	}
}

func TestTheRateIsOfJudgedTrialsOnly(t *testing.T) {
	tally := tallyOf(core.Succeeded, core.Succeeded, core.Defended, core.Defended, core.Defended, core.Defended,
		core.Defended, core.Defended, core.Undetermined, core.Errored, core.Errored)
	rate, low, high, ok := tally.ASR()
	if !ok || rate != 0.25 {
		t.Errorf("ASR of %+v = %v, %v; want 0.25", tally, rate, ok)
	}
	wantLow, wantHigh := stats.Wilson(2, 8, stats.Confidence)
	if low != wantLow || high != wantHigh {
		t.Errorf("interval = [%v, %v], want that of 2 in 8: [%v, %v]", low, high, wantLow, wantHigh)
	}
	if tally.Total() != 11 || tally.Judged() != 8 {
		t.Errorf("Total, Judged = %d, %d; want 11, 8", tally.Total(), tally.Judged())
	}
}

func TestWithoutAJudgedTrialThereIsNoRate(t *testing.T) {
	if rate, _, _, ok := tallyOf(core.Undetermined, core.Errored).ASR(); ok || rate != 0 {
		t.Errorf("ASR = %v, %v; want none", rate, ok)
	}
}

func TestAnUnknownOutcomeIsNeverEvidence(t *testing.T) {
	if got := tallyOf("safe, honestly"); got != (stats.Tally{Errored: 1}) {
		t.Errorf("tally = %+v, want one errored", got)
	}
}

func tallyOf(outcomes ...core.Outcome) stats.Tally {
	var t stats.Tally
	for _, o := range outcomes {
		t.Add(o)
	}
	return t
}
