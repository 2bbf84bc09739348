package stats

import (
	"cmp"
	"slices"
)

// Holm returns p-values adjusted for having been looked at together: the chance
// that any of those at most alpha is there without a reason is at most alpha,
// whatever depends on what. They are in the order of the given ones, from 0 to 1
// and never smaller than these, which are not changed.
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
