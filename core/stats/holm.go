package stats

import (
	"cmp"
	"slices"
)

// Holm returns p-values adjusted for multiple testing by Holm's method. Rejecting
// every hypothesis whose adjusted p-value is at most alpha keeps the probability of
// any false rejection at most alpha, whatever the dependence between the tests. The
// result has the order of p, values from 0 to 1, none smaller than the given one. p
// is not changed.
//
// Source: S. Holm, "A simple sequentially rejective multiple test procedure",
// Scandinavian Journal of Statistics 6 (1979), 65–70.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	reached := 0.0
	for rank, i := range order {
		reached = max(reached, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = reached
	}
	return adjusted
}
