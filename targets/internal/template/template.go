package template

import (
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// piece is a part of a template: literal text, or a placeholder.
type piece struct {
	text string
	// name is the placeholder's, such as "prompt"; "" for literal text.
	name string
	// filters are applied to the value in order.
	filters []string
	// as is how the value is written.
	as Escape
}

// Template is a parsed text with placeholders. Its zero value is empty.
type Template []piece

var placeholder = regexp.MustCompile(`^[a-z][a-z_]*(\.[A-Za-z0-9_-]+)?(\|[a-z0-9]+)*$`)

// IsName reports whether a text can be the name of a placeholder.
func IsName(name string) bool {
	return placeholder.MatchString(name) && !strings.Contains(name, "|")
}

// Parse parses a text with placeholders: $(name), or $(name|filter). "$$("
// stands for a literal "$(", and "$$$(name)" for a "$" before a placeholder.
func Parse(s string) (Template, error) {
	var t Template
	literal := func(text string) {
		if n := len(t); n > 0 && t[n-1].name == "" {
			t[n-1].text += text
		} else if text != "" {
			t = append(t, piece{text: text})
		}
	}
	for {
		before, after, found := strings.Cut(s, "$(")
		if !found {
			literal(s)
			return t, nil
		}
		dollars := len(before) - len(strings.TrimRight(before, "$"))
		before = before[:len(before)-dollars] + strings.Repeat("$", (dollars+1)/2)
		if dollars%2 == 1 {
			literal(before + "(")
			s = after
			continue
		}
		literal(before)
		inner, rest, closed := strings.Cut(after, ")")
		if !closed || !placeholder.MatchString(inner) {
			return nil, core.Errorf(core.ErrorConfig, `a "$(" begins no placeholder`).
				WithHint(`write $(prompt) for the turn's text, and "$$(" for a literal "$("`)
		}
		parts := strings.Split(inner, "|")
		for _, f := range parts[1:] {
			if !isFilter(f) {
				return nil, Unknown("filter", f, filterNames())
			}
		}
		t = append(t, piece{name: parts[0], filters: parts[1:]})
		s = rest
	}
}

// Unknown returns the error for a name that does not exist.
func Unknown(what, name string, known []string) *core.Error {
	err := core.Errorf(core.ErrorConfig, "there is no %s %q here", what, name)
	if near := schema.Nearest(name, known); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("there are %s", strings.Join(known, ", "))
}

// Literal returns the text of a template without placeholders.
func (t Template) Literal() (string, bool) {
	switch {
	case len(t) == 0:
		return "", true
	case len(t) == 1 && t[0].name == "":
		return t[0].text, true
	}
	return "", false
}

// Names returns the names of the placeholders, in the order in which they stand.
func (t Template) Names() []string {
	var names []string
	for _, p := range t {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return names
}

// Source is where the values of placeholders come from. It fails where a value is
// not there, such as the audio of a turn without audio.
type Source func(name string) (Value, error)

// Written returns the template with all placeholders written in one way.
func (t Template) Written(as Escape) Template {
	out := slices.Clone(t)
	for i := range out {
		out[i].as = as
	}
	return out
}

// Encoded returns the template all of which, what is written out too, is written in one
// way, such as the value of a field in a form.
func (t Template) Encoded(as Escape) (Template, error) {
	out := t.Written(as)
	for i, p := range out {
		if p.name != "" {
			continue
		}
		b, err := Text(p.text).Append(nil, as)
		if err != nil {
			return nil, err
		}
		out[i].text = string(b)
	}
	return out, nil
}

// Render returns the template with its placeholders filled in.
func (t Template) Render(values Source) (string, error) {
	var b []byte
	for _, p := range t {
		if p.name == "" {
			b = append(b, p.text...)
			continue
		}
		v, err := p.value(values)
		if err == nil {
			b, err = v.Append(b, p.as)
		}
		if err != nil {
			return "", About(err, "$("+p.name+")")
		}
	}
	return string(b), nil
}

// value returns the placeholder's value after its filters.
func (p piece) value(values Source) (Value, error) {
	v, err := values(p.name)
	if err != nil {
		return Value{}, err
	}
	for _, f := range p.filters {
		if v, err = v.filtered(f); err != nil {
			return Value{}, err
		}
	}
	return v, nil
}

// About says in an error what it concerns, such as a placeholder.
func About(err error, name string) error {
	e := core.Errorf(core.KindOf(err), "%s: %w", name, err)
	e.Hint = core.HintOf(err)
	return e
}
