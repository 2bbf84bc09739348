package campaign

import (
	"fmt"
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

	// secret: the line holds a secret, so that no snippet may show it.
	secret bool
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
