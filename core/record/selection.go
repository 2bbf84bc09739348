package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selection says which part of a campaign a run holds. The zero value is the whole
// campaign.
type Selection struct {
	// Only names what is held, each as ATTACK[/VARIANT[/ROW]], with ROW as row-2 or 2,
	// as in the IDs of trials: the attack's target may come before its variant. Empty
	// is everything.
	Only []string `json:"only,omitempty"`
	// Trials is how many trials of each case are held; 0 is as many as the campaign
	// says.
	Trials int `json:"trials,omitempty"`
}

// IsWhole reports whether the whole campaign is held.
func (s Selection) IsWhole() bool { return len(s.Only) == 0 && s.Trials == 0 }

// String says in words what is held, for people.
func (s Selection) String() string {
	var words []string
	if len(s.Only) > 0 {
		words = append(words, "only "+strings.Join(s.Only, ", "))
	}
	if s.Trials > 0 {
		words = append(words, fmt.Sprintf("trials: %d", s.Trials))
	}
	return strings.Join(words, "; ")
}

// Case is what trials repeat: an attack on a target, in a variant, with a row.
type Case struct {
	Attack, Target string
	// Variant is "" for an attack without variants, and Row 0 for one without rows.
	Variant string
	Row     int
}

// Has reports whether a case is held.
func (s Selection) Has(c Case) bool {
	return len(s.Only) == 0 || slices.ContainsFunc(s.Only, func(name string) bool { return Selects(name, c) })
}

// Selects reports whether a name of a [Selection] selects a case.
func Selects(name string, c Case) bool {
	parts := strings.Split(name, "/")
	return slices.ContainsFunc(c.paths(), func(path []string) bool { return matched(parts, path) == len(parts) })
}

// paths are the names of the case, in parts: without its target, and with it.
func (c Case) paths() [][]string {
	var rest []string
	if c.Variant != "" {
		rest = append(rest, c.Variant)
	}
	if c.Row > 0 {
		rest = append(rest, "row-"+strconv.Itoa(c.Row))
	}
	return [][]string{append([]string{c.Attack}, rest...), append([]string{c.Attack, c.Target}, rest...)}
}

// matched counts the parts of a name that are those of a path, from the first on.
func matched(parts, path []string) int {
	n := 0
	for n < min(len(parts), len(path)) && (parts[n] == path[n] || n > 0 && "row-"+parts[n] == path[n]) {
		n++
	}
	return n
}

// Unselected returns the beginning of a name that selects something among cases, and
// what may follow it: the names of attacks where nothing does. whole reports that all of
// the name selects something.
func Unselected(name string, cases []Case) (known string, next []string, whole bool) {
	parts := strings.Split(name, "/")
	best := -1
	seen := map[string]bool{}
	for _, c := range cases {
		for _, path := range c.paths() {
			n := matched(parts, path)
			if n == len(parts) {
				return name, nil, true
			}
			if n > best {
				best, next = n, nil
				clear(seen)
			}
			if n == best && n < len(path) && !seen[path[n]] {
				seen[path[n]] = true
				next = append(next, path[n])
			}
		}
	}
	return strings.Join(parts[:max(0, best)], "/"), next, false
}
