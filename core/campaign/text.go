package campaign

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Text is a text of an attack. In an attack with for_each: it is a template over
// the dataset's row, such as "{{ .text }}"; in any other it is literal. See
// [Text.Fill].
type Text struct {
	Written string

	place textPlace
}

// template reads a text that may be a template.
func (r *reader) template(v value) Text {
	written, _ := r.text(v)
	return Text{Written: written, place: r.textPlace(v.Node)}
}

// at returns where an offset of the text, in bytes, is in the file.
func (t Text) at(offset int) Position {
	before := t.Written[:min(offset, len(t.Written))]
	line := strings.Count(before, "\n")
	return t.place.at(line+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1)
}

// kinds are the keys of a mapping of which exactly one says what it is.
type kinds struct {
	given []*yaml.Node
	names []string
}

// field returns a key of the grammar that is one of them.
func (k *kinds) field(name string, read func(value)) field {
	k.names = append(k.names, name)
	return field{name, false, func(v value) {
		k.given = append(k.given, v.Node)
		read(v)
	}}
}

// check reports where not exactly one was given. before is how many problems
// there were before the mapping was read: one that has others is not told that
// it is empty.
func (k *kinds) check(r *reader, v value, before int, what, hint string) {
	switch {
	case len(k.given) > 1:
		r.problem(place(k.given[1]), hint, "%s has one of the keys %s, not several", what, strings.Join(k.names, ", "))
	case len(k.given) == 0 && len(r.problems) == before:
		r.problem(v.place(), "", "%s needs one of the keys %s", v.label, strings.Join(k.names, ", "))
	}
}
