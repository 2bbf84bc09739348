package yamlfile

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Key is one key of a block's grammar.
type Key struct {
	name string
	kind keyKind
	read func(Value)
}

type keyKind int

const (
	optional keyKind = iota
	required
	unsupported
)

// Required is a key that has to be there.
func Required(name string, read func(Value)) Key { return Key{name, required, read} }

// Optional is a key that may be left out; read is not called then.
func Optional(name string, read func(Value)) Key { return Key{name, optional, read} }

// Unsupported is a key that is known, and that this version does not support.
func Unsupported(name string) Key { return Key{name, unsupported, nil} }

// Object reads a mapping by the grammar of its keys: read is called for each that
// is there, in the order of the file.
func (v Value) Object(keys ...Key) {
	if !v.RequireMapping() {
		return
	}
	given := map[string]bool{}
	for key, node := range pairs(v.node) {
		if given[key.Value] || key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue // the audit has reported it
		}
		given[key.Value] = true
		v.objectKey(key, node, keys)
	}
	for _, k := range keys {
		if k.kind == required && !given[k.name] {
			v.Problem("", "%s needs the key %q", v.label, k.name)
		}
	}
}

func (v Value) objectKey(key, node *yaml.Node, keys []Key) {
	var names []string
	for _, k := range keys {
		switch {
		case k.name == key.Value && k.kind == unsupported:
			v.file.Problem(place(key), "", "key %q is not supported by this version", k.name)
			return
		case k.name == key.Value:
			if node.Kind != yaml.AliasNode { // the audit has reported it
				k.read(Value{node, key.Value, v.file})
			}
			return
		case k.kind != unsupported:
			names = append(names, k.name)
		}
	}
	hint := DidYouMean(schema.Nearest(key.Value, names))
	if hint == "" {
		hint = "the keys here are " + strings.Join(names, ", ")
	}
	v.file.Problem(place(key), hint, "unknown key %s", Quote(key.Value))
}

// OneOf is a set of keys of which a block has exactly one.
type OneOf struct {
	given []Value
	names []string
}

// Key returns a key of the grammar that belongs to the set.
func (o *OneOf) Key(name string, read func(Value)) Key {
	o.names = append(o.names, name)
	return Optional(name, func(v Value) {
		o.given = append(o.given, v)
		read(v)
	})
}

// Check reports where not exactly one was given. before is the file's Count before
// the block was read: one that has other problems is not told that it is empty.
func (o *OneOf) Check(block Value, before int, what, hint string) {
	switch {
	case len(o.given) > 1:
		o.given[1].Problem(hint, "%s has one of the keys %s, not several", what, strings.Join(o.names, ", "))
	case len(o.given) == 0 && block.file.Count() == before:
		block.Problem("", "%s needs one of the keys %s", block.label, strings.Join(o.names, ", "))
	}
}
