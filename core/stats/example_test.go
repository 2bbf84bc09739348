package stats_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// No success in 20 trials does not say that an attack never succeeds.
func ExampleWilson() {
	for _, n := range []int{5, 20, 100} {
		low, high := stats.Wilson(0, n, stats.Confidence)
		fmt.Printf("0 of %d: %.0f-%.0f%%\n", n, 100*low, 100*high)
	}
	// Output:
	// 0 of 5: 0-43%
	// 0 of 20: 0-16%
	// 0 of 100: 0-4%
}

// The success rate is over the judged trials; the others are counted separately.
func ExampleTally_ASR() {
	var t stats.Tally
	for _, o := range []core.Outcome{core.Succeeded, core.Defended, core.Defended, core.Undetermined, core.Errored} {
		t.Add(o)
	}
	rate, low, high, ok := t.ASR()
	fmt.Printf("%.0f%% (%.0f-%.0f%%) of %d judged, %d undetermined, %d errored: %t\n", 100*rate, 100*low, 100*high, t.Judged(), t.Undetermined, t.Errored, ok)

	_, _, _, ok = stats.Tally{Errored: 3}.ASR()
	fmt.Println(ok) // nothing was judged: there is no rate
	// Output:
	// 33% (6-79%) of 3 judged, 1 undetermined, 1 errored: true
	// false
}

// From 3 of 10 to 6 of 10 is not significant; the same rates of many trials are.
func ExampleFisher() {
	fmt.Printf("few trials:  p = %.2f\n", stats.Fisher(3, 10, 6, 10))
	fmt.Printf("many trials: p = %.5f\n", stats.Fisher(30, 100, 60, 100))
	// Output:
	// few trials:  p = 0.37
	// many trials: p = 0.00003
}

// Of twenty rates that are tested together, one is likely to move by chance.
func ExampleHolm() {
	fmt.Printf("%.2f\n", stats.Holm([]float64{0.01, 0.04, 0.03}))
	// Output: [0.03 0.06 0.06]
}

// The interval of a difference says how far apart two rates may be.
func ExampleNewcombe() {
	low, high := stats.Newcombe(60, 100, 30, 100, stats.Confidence)
	fmt.Printf("%+.0f to %+.0f points\n", 100*low, 100*high)
	// Output: +16 to +42 points
}
