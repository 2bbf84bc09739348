package httptarget

import (
	"regexp"
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
	as escape
}

// template is a parsed template.
type template []piece

var placeholder = regexp.MustCompile(`^[a-z][a-z_]*(\.[A-Za-z0-9_-]+)?(\|[a-z0-9]+)*$`)

// parseTemplate parses a text with placeholders: $(name), or $(name|filter). "$$("
// stands for a literal "$(", and "$$$(name)" for a "$" before a placeholder.
func parseTemplate(s string) (template, error) {
	var t template
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
				return nil, unknown("filter", f, filterNames())
			}
		}
		t = append(t, piece{name: parts[0], filters: parts[1:]})
		s = rest
	}
}

// unknown returns the error for a name that does not exist.
func unknown(what, name string, known []string) *core.Error {
	err := core.Errorf(core.ErrorConfig, "there is no %s %q here", what, name)
	if near := schema.Nearest(name, known); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("there are %s", strings.Join(known, ", "))
}

// literal returns the text of a template without placeholders.
func (t template) literal() (string, bool) {
	switch {
	case len(t) == 0:
		return "", true
	case len(t) == 1 && t[0].name == "":
		return t[0].text, true
	}
	return "", false
}

// only returns the placeholder that is all of the template.
func (t template) only() (piece, bool) {
	if len(t) == 1 && t[0].name != "" {
		return t[0], true
	}
	return piece{}, false
}

// source is where the values of placeholders come from. It fails where a value is
// not there, such as the audio of a turn without audio.
type source func(name string) (value, error)

// written returns the template with all placeholders written in one way.
func (t template) written(as escape) template {
	for i := range t {
		t[i].as = as
	}
	return t
}

// render returns the template with its placeholders filled in.
func (t template) render(values source) (string, error) {
	var b []byte
	for _, p := range t {
		if p.name == "" {
			b = append(b, p.text...)
			continue
		}
		v, err := p.value(values)
		if err == nil {
			b, err = v.append(b, p.as)
		}
		if err != nil {
			return "", about(err, "$("+p.name+")")
		}
	}
	return string(b), nil
}

// value returns the placeholder's value after its filters.
func (p piece) value(values source) (value, error) {
	v, err := values(p.name)
	if err != nil {
		return value{}, err
	}
	for _, f := range p.filters {
		if v, err = v.filtered(f); err != nil {
			return value{}, err
		}
	}
	return v, nil
}

// about says in an error which placeholder it concerns.
func about(err error, name string) error {
	e := core.Errorf(core.KindOf(err), "%s: %w", name, err)
	e.Hint = core.HintOf(err)
	return e
}
