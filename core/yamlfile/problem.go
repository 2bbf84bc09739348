package yamlfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file; lines and columns count from 1,
// columns in characters.
type Position struct{ Line, Column int }

// Problem is one thing that is wrong with a file.
type Problem struct {
	File string
	Position
	// Message says what is wrong, with the key or name concerned.
	Message string
	// Hint says what would be right; it may be empty.
	Hint string

	// Alone says that other problems at the same place follow from this one: they are not
	// shown.
	Alone bool
	// Secret says that the line holds a secret, so that no snippet may show it.
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

// Problems is everything that is wrong with a file, in the order of the file. It is an
// error if it is not empty.
type Problems []Problem

// Error returns one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds the list of problems: a file of another kind has one
// on each line.
const maxProblems = 100

// Sorted returns the problems in the order of the file, each once. Of more than
// a hundred, it returns the first hundred and one that counts the rest.
func (ps Problems) Sorted() Problems {
	secretLines := map[int]bool{}
	for _, p := range ps {
		secretLines[p.Line] = secretLines[p.Line] || p.Secret
	}
	alone := map[Position]bool{}
	for _, p := range ps {
		alone[p.Position] = alone[p.Position] || p.Alone
	}
	all := slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return alone[p.Position] && !p.Alone })
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

// Report collects what is wrong with a file, in any order. The zero Report is empty.
type Report struct{ problems []Problem }

// Problem notes that something is wrong. Neither the message nor the hint may hold
// a secret.
func (r *Report) Problem(at Position, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{Position: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// soleProblem notes a problem from which others at the same place follow.
func (r *Report) soleProblem(at Position, hint, format string, args ...any) {
	r.Problem(at, hint, format, args...)
	r.problems[len(r.problems)-1].Alone = true
}

// SecretProblem notes a problem on a line that must not be shown.
func (r *Report) SecretProblem(at Position, hint, format string, args ...any) {
	r.Problem(at, hint, format, args...)
	r.problems[len(r.problems)-1].Secret = true
}

// Count returns how many problems there are so far: whoever reads a block compares
// it before and after.
func (r *Report) Count() int { return len(r.problems) }

// Problems returns what is wrong with the file, whose name to show is display, as
// [Problems.Sorted] does.
func (r *Report) Problems(display string) Problems {
	for i := range r.problems {
		r.problems[i].File = display
	}
	return Problems(r.problems).Sorted()
}
