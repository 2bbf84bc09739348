package schema

import "strings"

// Nearest returns the known name with the smallest edit distance to name, or "" if
// none is near. Case, and "-" instead of "_", do not count; of equally near names
// the first is returned.
func Nearest(name string, known []string) string {
	// A text longer than this, in bytes, is not compared. A name is near if at
	// most about one letter in three differs.
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

// distance returns the edit distance of a and b by insertion, deletion,
// replacement and transposition of adjacent letters (optimal string alignment).
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
