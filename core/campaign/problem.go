package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in the campaign file; lines and columns count from 1,
// columns in characters.
type Position struct{ Line, Column int }

// Problem is one thing that is wrong with a campaign.
type Problem struct {
	File string
	Position
	// Message says what is wrong, with the key or name concerned.
	Message string
	// Hint says what would be right; it may be empty.
	Hint string

	// Secret: the line holds a secret, so that no snippet may show it.
	Secret bool
}

// Error returns "file:line:column: message (hint)".
func (p Problem) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Hint != "" {
		s += " (" + p.Hint + ")"
	}
	return s
}

// Problems is everything that is wrong with a campaign, in the order of the
// file. It is an error if it is not empty.
type Problems []Problem

// Error returns one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds the list of problems: nobody reads more, and a file that
// is no campaign at all has one on each line.
const maxProblems = 100

// Sorted returns the problems in the order of the file, each once. Of more than
// a hundred, it returns the first hundred and one that counts the rest.
func (ps Problems) Sorted() Problems {
	secretLines := map[int]bool{}
	for _, p := range ps {
		secretLines[p.Line] = secretLines[p.Line] || p.Secret
	}
	all := slices.Clone(ps)
	for i := range all {
		all[i].Secret = secretLines[all[i].Line]
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	all = slices.Compact(all)
	if more := len(all) - maxProblems; more > 0 {
		next := all[maxProblems]
		all = append(all[:maxProblems:maxProblems], Problem{
			File: next.File, Position: next.Position, Message: fmt.Sprintf("and %d more problems from here on", more),
		})
	}
	return all
}
