package clienttest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Fault is one planned misbehaviour of a server.
type Fault struct {
	// Name is one of those that the server knows.
	Name string
	// Turn is at which request of the server it happens, counted from 1. 0 means
	// every time.
	Turn int
}

// ParseFault reads a fault such as "stall" (every time) or "server-error@2" (at the
// second request only). The keys of known are the faults that there are.
func ParseFault[B any](s string, known map[string]B) (Fault, error) {
	name, turn, numbered := strings.Cut(s, "@")
	f := Fault{Name: name}
	if _, ok := known[name]; !ok {
		return f, fmt.Errorf("unknown fault %q: the faults are %s", name, strings.Join(FaultNames(known), ", "))
	}
	if !numbered {
		return f, nil
	}
	n, err := strconv.Atoi(turn)
	if err != nil || n < 1 {
		return f, fmt.Errorf("fault %q: after @ comes a number from 1 up, not %q", name, turn)
	}
	f.Turn = n
	return f, nil
}

// FaultNames lists the faults that there are, in alphabetical order.
func FaultNames[B any](known map[string]B) []string { return slices.Sorted(maps.Keys(known)) }
