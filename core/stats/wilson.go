package stats

import "math"

// Confidence is the confidence level of every interval that is shown without naming
// another level.
const Confidence = 0.95

// Wilson returns the Wilson score interval of a proportion, for a number of
// successes in n independent trials, at a confidence level strictly between 0 and 1.
// Unlike the Wald interval it stays within [0, 1] and is usable for few trials and
// for rates of 0 and 1: with no success in 20 trials it reaches up to 16 %.
//
// With n = 0 the interval is [0, 1]. Arguments outside their ranges give NaN.
//
// Source: E. B. Wilson, "Probable inference, the law of succession, and
// statistical inference", Journal of the American Statistical Association 22
// (1927), 209–212; the form without continuity correction.
func Wilson(successes, n int, confidence float64) (low, high float64) {
	if successes < 0 || n < successes || !(confidence > 0 && confidence < 1) {
		return math.NaN(), math.NaN()
	}
	if n == 0 {
		return 0, 1
	}
	z := math.Sqrt2 * math.Erfinv(confidence)
	trials := float64(n)
	p := float64(successes) / trials
	centre := p + z*z/(2*trials)
	margin := z * math.Sqrt(p*(1-p)/trials+z*z/(4*trials*trials))
	scale := 1 + z*z/trials
	low, high = (centre-margin)/scale, (centre+margin)/scale
	// For rates of 0 and 1 the bound is exactly 0 or 1, but for rounding.
	if successes == 0 {
		low = 0
	}
	if successes == n {
		high = 1
	}
	return low, high
}
