package stats_test

import (
	"math"
	"math/big"
	"testing"
	"testing/quick"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func TestFishersTestAgreesWithPublishedValues(t *testing.T) {
	for _, test := range []struct {
		name           string
		s1, n1, s2, n2 int
		want           float64
	}{
		// Fisher, The Design of Experiments (1935), chapter II: 34 of 70 orders.
		{"the lady who tastes tea", 3, 4, 1, 4, 34.0 / 70},
		{"the lady who is always right", 4, 4, 0, 4, 2.0 / 70},
		// Fisher (1935), the paper cited: convictions of the twins of criminals;
		// the two-sided value as in the manual of R, fisher.test.
		{"criminals' twins", 10, 13, 2, 17, 0.0005367241},
		// The manual of SciPy, stats.fisher_exact.
		{"whales and sharks", 6, 8, 1, 5, 0.10256410256410257},
	} {
		if got := stats.Fisher(test.s1, test.n1, test.s2, test.n2); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: %.10f, want %.10f", test.name, got, test.want)
		}
	}
}

// exactly is Fisher's test in whole numbers of any size.
func exactly(s1, n1, s2, n2 int) float64 {
	all := s1 + s2
	ways := func(k int) *big.Int {
		a := new(big.Int).Binomial(int64(n1), int64(k))
		return a.Mul(a, new(big.Int).Binomial(int64(n2), int64(all-k)))
	}
	observed, strange, total := ways(s1), new(big.Int), new(big.Int)
	first, last := max(0, all-n2), min(n1, all)
	for k, w := first, ways(first); k <= last; k++ {
		total.Add(total, w)
		if w.Cmp(observed) <= 0 {
			strange.Add(strange, w)
		}
		// The next one, of which the division leaves nothing over.
		w.Mul(w, big.NewInt(int64((n1-k)*(all-k))))
		w.Quo(w, big.NewInt(int64((k+1)*(n2-all+k+1))))
	}
	p, _ := new(big.Rat).SetFrac(strange, total).Float64()
	return p
}

func TestFishersTestIsThatOfWholeNumbers(t *testing.T) {
	for n1 := 1; n1 <= 12; n1++ {
		for n2 := 1; n2 <= 12; n2++ {
			for s1 := 0; s1 <= n1; s1++ {
				for s2 := 0; s2 <= n2; s2++ {
					if got, want := stats.Fisher(s1, n1, s2, n2), exactly(s1, n1, s2, n2); math.Abs(got-want) > 1e-12 {
						t.Fatalf("Fisher(%d, %d, %d, %d) = %v, want %v", s1, n1, s2, n2, got, want)
					}
				}
			}
		}
	}
}

func TestFishersTestIsStableForThousandsOfTrials(t *testing.T) {
	for _, test := range [][4]int{{510, 5000, 450, 5000}, {0, 3000, 9, 4000}, {1234, 2500, 1300, 2600}, {4999, 5000, 5000, 5000}, {100, 2000, 300, 2000}} {
		got, want := stats.Fisher(test[0], test[1], test[2], test[3]), exactly(test[0], test[1], test[2], test[3])
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("Fisher%v = %v, want %v", test, got, want)
		}
	}
	if p := stats.Fisher(0, 100_000, 100_000, 100_000); !(p >= 0 && p < 1e-300) {
		t.Errorf("everything against nothing: %v, want next to nothing", p)
	}
}

// groups makes two groups of at most 255 trials out of any four numbers.
func groups(a, b, c, d uint8) (s1, n1, s2, n2 int) {
	n1, n2 = int(a), int(b)
	return int(c) % (n1 + 1), n1, int(d) % (n2 + 1), n2
}

func TestTheGroupsAndTheOutcomesMayBeExchanged(t *testing.T) {
	property := func(a, b, c, d uint8) bool {
		s1, n1, s2, n2 := groups(a, b, c, d)
		p := stats.Fisher(s1, n1, s2, n2)
		low, high := stats.Newcombe(s1, n1, s2, n2, 0.95)
		swappedLow, swappedHigh := stats.Newcombe(s2, n2, s1, n1, 0.95)
		equal := func(x, y float64) bool { return math.Abs(x-y) <= 1e-9 }
		return p >= 0 && p <= 1 &&
			equal(p, stats.Fisher(s2, n2, s1, n1)) && equal(p, stats.Fisher(n1-s1, n1, n2-s2, n2)) &&
			equal(low, -swappedHigh) && equal(high, -swappedLow)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 5000}); err != nil {
		t.Error(err)
	}
}

func TestTheFurtherApartTheSmallerTheChance(t *testing.T) {
	for s2 := 11; s2 < 40; s2++ { // beside 10 of 40
		nearer, further := stats.Fisher(10, 40, s2-1, 40), stats.Fisher(10, 40, s2, 40)
		if further > nearer {
			t.Errorf("%d of 40 has p = %v, and %d of 40 %v", s2, further, s2-1, nearer)
		}
	}
	if p := stats.Fisher(7, 20, 7, 20); p != 1 {
		t.Errorf("no difference has p = %v, want 1", p)
	}
}

// Newcombe (1998), the paper cited, table II, method 10.
func TestTheIntervalOfADifferenceAgreesWithPublishedValues(t *testing.T) {
	for _, test := range []struct {
		s1, n1, s2, n2 int
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{6, 7, 2, 7, 0.0582, 0.8062},
		{5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 20, 0.6791, 1.0000},
		{10, 10, 0, 10, 0.6075, 1.0000},
	} {
		low, high := stats.Newcombe(test.s1, test.n1, test.s2, test.n2, 0.95)
		if !near(low, test.low) || !near(high, test.high) {
			t.Errorf("Newcombe(%d, %d, %d, %d) = [%.4f, %.4f], want [%.4f, %.4f]",
				test.s1, test.n1, test.s2, test.n2, low, high, test.low, test.high)
		}
	}
}

func TestTheIntervalHoldsTheDifferenceAndNarrowsWithTrials(t *testing.T) {
	property := func(a, b, c, d uint8) bool {
		s1, n1, s2, n2 := groups(a, b, c, d)
		if n1 == 0 || n2 == 0 {
			return true
		}
		low, high := stats.Newcombe(s1, n1, s2, n2, 0.95)
		moreLow, moreHigh := stats.Newcombe(4*s1, 4*n1, 4*s2, 4*n2, 0.95)
		difference := float64(s1)/float64(n1) - float64(s2)/float64(n2)
		return low >= -1 && high <= 1 && low <= difference && difference <= high && moreHigh-moreLow < high-low
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestWithoutTrialsNoDifferenceIsKnown(t *testing.T) {
	if p := stats.Fisher(0, 0, 3, 5); p != 1 {
		t.Errorf("p = %v, want 1", p)
	}
	if low, high := stats.Newcombe(0, 0, 0, 0, 0.95); low != -1 || high != 1 {
		t.Errorf("interval [%v, %v], want [-1, 1]", low, high)
	}
}

func TestImpossibleGroupsGiveNoNumber(t *testing.T) {
	for _, test := range [][4]int{{-1, 3, 1, 3}, {4, 3, 1, 3}, {1, 3, -1, 3}, {1, 3, 4, 3}} {
		low, high := stats.Newcombe(test[0], test[1], test[2], test[3], 0.95)
		if p := stats.Fisher(test[0], test[1], test[2], test[3]); !math.IsNaN(p) || !math.IsNaN(low) || !math.IsNaN(high) {
			t.Errorf("%v: p = %v, [%v, %v], want NaN", test, p, low, high)
		}
	}
}

func FuzzFisher(f *testing.F) {
	f.Add(3, 4, 1, 4)
	f.Add(0, 0, 0, 0)
	f.Fuzz(func(t *testing.T, s1, n1, s2, n2 int) {
		if n1 > 20_000 || n2 > 20_000 {
			t.Skip("more than a run has, and slow")
		}
		p := stats.Fisher(s1, n1, s2, n2)
		possible := s1 >= 0 && s1 <= n1 && s2 >= 0 && s2 <= n2
		if possible != (p >= 0 && p <= 1) {
			t.Errorf("Fisher(%d, %d, %d, %d) = %v", s1, n1, s2, n2, p)
		}
	})
}
