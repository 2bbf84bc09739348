package schema

import "strings"

// Nearest returns the known name that somebody who wrote name most likely
// meant, or "" if none is near. Case and the choice between "-" and "_" weigh
// nothing; of equally near names the first wins.
func Nearest(name string, known []string) string {
	// Longer texts are no names. A typing mistake hits at most about one
	// letter in three.
	const longest = 64
	if len(name) > longest {
		return ""
	}
	wanted := fold(name)
	best, nearest := "", 1
	if len(wanted) > 1 {
		nearest = max(1, len(wanted)/3) + 1
	}
	for _, k := range known {
		if len(k) > longest {
			continue
		}
		if d := distance(wanted, fold(k)); d < nearest {
			best, nearest = k, d
		}
	}
	return best
}

func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour that make a into b (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}
