package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// parse reads YAML or JSON as values of package json: mappings, lists, texts, bools and
// json.Number. file names it in errors.
func parse(file string, data []byte) (any, error) {
	f, root, ok := yamlfile.Parse(bytes.TrimPrefix(data, []byte("\uFEFF")), file, yamlfile.MaxFile)
	var value any
	switch {
	case !ok:
	case root.IsMapping():
		value = decoded(root)
	case root.IsList():
		list := []any{}
		root.List(func(entry yamlfile.Value) { list = append(list, decoded(entry)) })
		value = list
	default:
		value = root.Written()
	}
	for _, p := range f.Problems(file) {
		return nil, core.Errorf(core.ErrorConfig, "%s:%d:%d: %s", file, p.Line, p.Column, p.Message).WithHint("%s", p.Hint)
	}
	return value, nil
}

// decoded returns a value as package json decodes it.
func decoded(v yamlfile.Value) any {
	switch {
	case v.IsMapping():
		object, _ := v.JSON(func(string, yamlfile.Value) {})
		decoder := json.NewDecoder(bytes.NewReader(object))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) != nil {
			return map[string]any{} // what is written as JSON decodes
		}
		return value
	case v.IsList():
		list := []any{}
		v.List(func(entry yamlfile.Value) { list = append(list, decoded(entry)) })
		return list
	case v.IsNull():
		return nil
	}
	return v.Written()
}

// mapping returns a value as a mapping; nil where it is none.
func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// list returns a value as a list: one that is none is its only entry.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// text returns a scalar as a text; "" for others.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// rest notes the keys that are not known.
func (d *draft) rest(m map[string]any, where, why string, known ...string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(known, name) {
			d.note("%s.%s: %s", where, name, why)
		}
	}
}

var (
	// output is {{ … }} of Nunjucks and Jinja.
	output = regexp.MustCompile(`(?s)\{\{-?\s*(.*?)\s*-?\}\}`)
	// statement is {% … %} or {# … #}.
	statement = regexp.MustCompile(`(?s)\{%.*?%\}|\{#.*?#\}`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	envName   = regexp.MustCompile(`^\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$`)
	letters   = regexp.MustCompile(`[^A-Z0-9]+`)
)

// variables returns the names that a template uses, each once.
func variables(template string) []string {
	var names []string
	for _, m := range output.FindAllStringSubmatch(template, -1) {
		if variable.MatchString(m[1]) && !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// fill puts the variables of a row into a template, and into their values. What it cannot
// evaluate is left as it is, and noted.
func (d *draft) fill(where, template string, row map[string]string) string {
	const depth = 3
	for range depth {
		before := template
		template = output.ReplaceAllStringFunc(template, func(tag string) string {
			if value, ok := row[output.FindStringSubmatch(tag)[1]]; ok {
				return value
			}
			return tag
		})
		if template == before || len(template) > 1<<20 {
			break
		}
	}
	if m := statement.FindString(template); m != "" {
		d.note("%s: the statement %q of the template is not evaluated: write out what it gives", where, m)
	}
	for _, m := range output.FindAllStringSubmatch(template, -1) {
		if variable.MatchString(m[1]) {
			d.note("%s: the variable %q has no value", where, m[1])
		} else {
			d.note("%s: %q of the template is not evaluated: write out what it gives", where, m[0])
		}
	}
	return template
}

// literal is a text of a with: block in which nothing refers to a secret.
func literal(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// environmentName makes the name of an environment variable.
func environmentName(text string) string {
	name := strings.Trim(letters.ReplaceAllString(strings.ToUpper(text), "_"), "_")
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		name = "SECRET_" + name
	}
	return name
}
