package stats

import "math"

// equalWeight is the factor by which a table may be more likely than the observed
// one and still count as equally likely, because equal probabilities can differ by
// rounding.
const equalWeight = 1 + 1e-7

// Fisher returns the two-sided p-value of Fisher's exact test for s1 successes in n1
// trials and s2 in n2: the probability, if both groups have the same true rate, of a
// result at most as likely as the observed one. It is exact for any number of
// trials and takes time in proportion to that number. With no trials in a group it
// is 1. Arguments outside their ranges give NaN.
//
// The p-value is the sum over all tables with the same margins that are at most as
// likely as the observed one, which is the usual two-sided rule.
//
// Sources: R. A. Fisher, "The logic of inductive inference", Journal of the
// Royal Statistical Society 98 (1935), 39–82; the two-sided rule as in J. O.
// Irwin, "Tests of significance for differences between percentages based on
// small numbers", Metron 12 (1935), 83–94.
func Fisher(s1, n1, s2, n2 int) float64 {
	if s1 < 0 || n1 < s1 || s2 < 0 || n2 < s2 {
		return math.NaN()
	}
	// Given the total of successes, those of the first group have a hypergeometric
	// distribution. Weights are computed outward from the mode, whose weight is 1.
	// They only shrink, so that neither factorials nor logarithms are needed.
	all := s1 + s2
	least, most := max(0, all-n2), min(n1, all)
	mode := int((float64(n1) + 1) * (float64(all) + 1) / (float64(n1) + float64(n2) + 2))
	mode = min(max(mode, least), most)
	weights := make([]float64, most-least+1)
	weights[mode-least] = 1
	for k := mode; k < most; k++ {
		weights[k+1-least] = weights[k-least] * float64(n1-k) * float64(all-k) / (float64(k+1) * float64(n2-all+k+1))
	}
	for k := mode; k > least; k-- {
		weights[k-1-least] = weights[k-least] * float64(k) * float64(n2-all+k) / (float64(n1-k+1) * float64(all-k+1))
	}
	var asStrange, total float64
	for _, w := range weights {
		total += w
		if w <= weights[s1-least]*equalWeight {
			asStrange += w
		}
	}
	return min(1, asStrange/total)
}

// Newcombe returns the confidence interval of the difference s1/n1 - s2/n2 between
// two proportions by Newcombe's hybrid score method, at a confidence level strictly
// between 0 and 1. It combines both [Wilson] intervals. Like them it stays within
// its range, here [-1, 1], and is close to its nominal coverage for few trials. With
// no trials in a group it is the widest interval that the other group allows.
// Arguments outside their ranges give NaN.
//
// Source: R. G. Newcombe, "Interval estimation for the difference between
// independent proportions: comparison of eleven methods", Statistics in Medicine
// 17 (1998), 873–890; method 10.
func Newcombe(s1, n1, s2, n2 int, confidence float64) (low, high float64) {
	low1, high1 := Wilson(s1, n1, confidence)
	low2, high2 := Wilson(s2, n2, confidence)
	if math.IsNaN(low1) || math.IsNaN(low2) {
		return math.NaN(), math.NaN()
	}
	if n1 == 0 || n2 == 0 { // one of the rates is undefined
		return low1 - high2, high1 - low2
	}
	p1, p2 := float64(s1)/float64(n1), float64(s2)/float64(n2)
	low = p1 - p2 - math.Hypot(p1-low1, high2-p2)
	high = p1 - p2 + math.Hypot(high1-p1, p2-low2)
	return max(-1, low), min(1, high)
}
