package yamlfile

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Kind is the kind of a scalar that replaces another.
type Kind int

// The kinds of scalars.
const (
	KindText Kind = iota
	KindNumber
	KindBoolean
)

// Path is the keys and, as decimal numbers, the indexes that lead to a value.
type Path []string

// Within reports whether the path begins with the keys; "*" stands for any one.
func (p Path) Within(keys ...string) bool {
	if len(p) < len(keys) {
		return false
	}
	for i, key := range keys {
		if key != "*" && key != p[i] {
			return false
		}
	}
	return true
}

// Scalars calls visit with each scalar below a value and its path, in the order of
// the file. The keys of mappings come too, with isKey, before what they lead to. The
// path is valid during the call only.
func (v Value) Scalars(visit func(path Path, scalar Value, isKey bool)) {
	v.scalars(nil, visit)
}

func (v Value) scalars(path Path, visit func(Path, Value, bool)) {
	switch v.node.Kind {
	case yaml.ScalarNode:
		visit(path, v, false)
	case yaml.SequenceNode:
		for i, entry := range v.node.Content {
			Value{entry, v.label, v.file}.scalars(append(path, strconv.Itoa(i)), visit)
		}
	case yaml.MappingNode:
		for key, node := range pairs(v.node) {
			if key.Kind != yaml.ScalarNode {
				continue // the audit has reported it
			}
			visit(path, Value{key, v.label, v.file}, true)
			Value{node, key.Value, v.file}.scalars(append(path, key.Value), visit)
		}
	}
}

// Replace puts another scalar in the place of one, for everything that reads it
// later. A number is written as JSON writes it, and a boolean as true or false. The
// value keeps its position, and [Value.AsWritten] what the file has.
func (v Value) Replace(text string, kind Kind) {
	if v.file.replaced == nil {
		v.file.replaced = map[*yaml.Node]*yaml.Node{}
	}
	written := *v.node
	v.file.replaced[v.node] = &written
	v.node.Value, v.node.Style, v.node.Tag = text, yaml.DoubleQuotedStyle, "!!str"
	switch {
	case kind == KindBoolean:
		v.node.Style, v.node.Tag = 0, "!!bool"
	case kind == KindNumber && strings.ContainsAny(text, ".eE"):
		v.node.Style, v.node.Tag = 0, "!!float"
	case kind == KindNumber:
		v.node.Style, v.node.Tag = 0, "!!int"
	}
}

// AsWritten returns the scalar that the file has where [Value.Replace] has put
// another one, and v itself anywhere else.
func (v Value) AsWritten() Value {
	if written, ok := v.file.replaced[v.node]; ok {
		return Value{written, v.label, v.file}
	}
	return v
}

// isReplaced reports whether another scalar was put in its place.
func (v Value) isReplaced() bool { return v.file.replaced[v.node] != nil }
