package core

import "slices"

// Restriction is one thing that the description of a component says, and that does
// not hold with a configuration: a request without a place for an image takes none.
// Exactly one of In, Out and Capability is set.
type Restriction struct {
	// In is a modality that is not taken, Out one that is not given, and Capability
	// one of [Capabilities] that is missing.
	In, Out    Modality
	Capability string
	// Hint says what in the configuration would change that; "" if nothing would.
	Hint string
}

// Is reports whether two restrictions take away the same, whatever their hints say.
func (r Restriction) Is(other Restriction) bool {
	r.Hint = other.Hint
	return r == other
}

// Valid reports whether the restriction takes away exactly one thing.
func (r Restriction) Valid() bool {
	set := 0
	for _, text := range []string{string(r.In), string(r.Out), r.Capability} {
		if text != "" {
			set++
		}
	}
	return set == 1
}

// Restricted returns the description of the component as it is with a configuration
// that has those restrictions. One of what the component never had changes nothing.
func (i Info) Restricted(by []Restriction) Info {
	for _, r := range by {
		i.In, i.Out = without(i.In, r.In), without(i.Out, r.Out)
		i.Capabilities = without(i.Capabilities, r.Capability)
	}
	return i
}

// without returns a list without an entry, as a new one if it has it.
func without[T comparable](list []T, entry T) []T {
	if !slices.Contains(list, entry) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(e T) bool { return e == entry })
}
