package yamlfile

import (
	"fmt"
	"iter"

	"gopkg.in/yaml.v3"
)

// Value is a value of a file, with the name that it has in messages. The zero
// Value is none.
type Value struct {
	node  *yaml.Node
	label string
	file  *File
}

// Given reports whether there is a value.
func (v Value) Given() bool { return v.node != nil }

// At returns where the value begins.
func (v Value) At() Position { return place(v.node) }

// Label returns the name of the value in messages, such as "retries" or "turns[2]".
func (v Value) Label() string { return v.label }

// File returns the file that the value is of.
func (v Value) File() *File { return v.file }

// Written returns a scalar as it is written, without quotes.
func (v Value) Written() string { return v.node.Value }

// Describe says what the value is, for messages: "a mapping", "the number 3".
func (v Value) Describe() string { return describe(v.node) }

// IsText reports whether the value is a text. A date is one.
func (v Value) IsText() bool { return isText(v.node) }

// IsScalar reports whether the value is neither a mapping nor a list.
func (v Value) IsScalar() bool { return v.node.Kind == yaml.ScalarNode }

// IsNull reports whether nothing is written where a value should be.
func (v Value) IsNull() bool { return isNull(v.node) }

// IsMapping reports whether the value is a mapping.
func (v Value) IsMapping() bool { return v.node.Kind == yaml.MappingNode }

// IsList reports whether the value is a list.
func (v Value) IsList() bool { return v.node.Kind == yaml.SequenceNode }

// Len returns how many entries a list or keys a mapping has.
func (v Value) Len() int {
	if v.IsMapping() {
		return len(v.node.Content) / 2
	}
	return len(v.node.Content)
}

// Problem notes that something is wrong with the value.
func (v Value) Problem(hint, format string, args ...any) {
	v.file.Problem(v.At(), hint, format, args...)
}

// SecretProblem notes a problem on a line that must not be shown.
func (v Value) SecretProblem(hint, format string, args ...any) {
	v.file.SecretProblem(v.At(), hint, format, args...)
}

// List reads the entries of a list.
func (v Value) List(each func(Value)) {
	if !v.IsList() {
		hint := ""
		if v.IsText() {
			hint = "write [" + v.Written() + "]"
		}
		v.Problem(hint, "%s must be a list, not %s", v.label, v.Describe())
		return
	}
	for i, entry := range v.node.Content {
		if entry.Kind != yaml.AliasNode {
			each(Value{entry, fmt.Sprintf("%s[%d]", v.label, i), v.file})
		}
	}
}

// Definitions reads a mapping from names to definitions. what names one of them in
// messages: plugin "acme". check returns why a name is none.
func (v Value) Definitions(what string, check func(name string) error, each func(name string, at Position, definition Value)) {
	if !v.RequireMapping() {
		return
	}
	given := map[string]bool{}
	for key, node := range pairs(v.node) {
		if key.Kind != yaml.ScalarNode || given[key.Value] || node.Kind == yaml.AliasNode || key.ShortTag() == "!!merge" {
			continue // the audit has reported it
		}
		given[key.Value] = true
		if err := check(key.Value); err != nil && isText(key) {
			v.file.Problem(place(key), "", "%v", err)
		}
		each(key.Value, place(key), Value{node, what + " " + Quote(key.Value), v.file})
	}
}

// RequireMapping reports whether the value is a mapping, and notes a problem where it is
// none.
func (v Value) RequireMapping() bool {
	if !v.IsMapping() {
		v.Problem("", "%s must be a mapping, not %s", v.label, v.Describe())
		return false
	}
	return true
}

// Entries iterates over the keys of a mapping and their values, which are named
// "label.key" in messages. Keys that are given twice come twice.
func (v Value) Entries() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for key, node := range pairs(v.node) {
			if !yield(key.Value, Value{node, v.label + "." + key.Value, v.file}) {
				return
			}
		}
	}
}
