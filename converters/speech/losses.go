package speech

import (
	"fmt"
	"slices"
	"strings"
)

// losses are the words and signs of a text that an engine cannot say, each once.
type losses []string

const (
	// namedLosses is how many losses a warning names, namedRunes how much of each, and
	// countedLosses how many are counted.
	namedLosses   = 5
	namedRunes    = 40
	countedLosses = 100
)

func (l *losses) add(lost string) {
	if len(*l) <= countedLosses && !slices.Contains(*l, lost) {
		*l = append(*l, lost)
	}
}

// warning says what is missing in a sound; "" if nothing is.
func (l losses) warning(engine string) string {
	if len(l) == 0 {
		return ""
	}
	named := make([]string, min(len(l), namedLosses))
	for i := range named {
		name := []rune(l[i])
		if len(name) > namedRunes {
			name = append(name[:namedRunes:namedRunes], '…')
		}
		named[i] = fmt.Sprintf("%q", string(name))
	}
	more := ""
	switch n := len(l) - len(named); {
	case len(l) > countedLosses:
		more = fmt.Sprintf(" and more than %d more", countedLosses-namedLosses)
	case n > 0:
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%s cannot say %s%s: the sound is without it", engine, strings.Join(named, ", "), more)
}
