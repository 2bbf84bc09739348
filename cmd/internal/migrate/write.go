package migrate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// field is a key and its value: a text, a bool, a json.Number, an int, fields, a list, a
// mapping, or raw.
type field struct {
	key   string
	value any
}

type fields []field

// raw is YAML as it is.
type raw string

// quote returns a double-quoted YAML scalar: its escapes are among those of Go.
func quote(s string) string { return strconv.Quote(s) }

// flow returns a value in YAML's flow style.
func flow(value any) string {
	switch v := value.(type) {
	case raw:
		return string(v)
	case string:
		return quote(v)
	case fields:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = key(f.key) + ": " + flow(f.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, quote(name)+": "+flow(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, entry := range v {
			parts[i] = flow(entry)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []string:
		parts := make([]string, len(v))
		for i, entry := range v {
			parts[i] = quote(entry)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case json.Number:
		return v.String()
	case nil:
		return "null"
	}
	return fmt.Sprint(value)
}

// key returns a key of a mapping; one that is no plain word is quoted.
func key(name string) string {
	plain := name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
	if plain && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, name) {
		return name
	}
	return quote(name)
}

// text writes the campaign.
func (d *draft) text(tool string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# From %s of %s. Check it with orchestrator validate, and run it with\n# orchestrator run; docs/from-other-tools.md says what becomes of what.\n", oneLine(d.options.File), tool)
	if len(d.notes) > 0 {
		b.WriteString("#\n# This did not carry over:\n")
	}
	for _, note := range d.notes {
		fmt.Fprintf(&b, "# - %s\n", oneLine(note))
	}
	fmt.Fprintf(&b, "version: 1\nname: %s\n", quote(d.options.Name))
	if len(d.hosts) > 0 {
		fmt.Fprintf(&b, "\nscope:\n  authorization: %s\n  hosts: %s # the only places that are contacted\n", quote(d.options.Authorization), flow(d.hosts))
	}
	for _, block := range []struct {
		name string
		all  []definition
	}{{"targets", d.targets}, {"scorers", d.scorers}, {"datasets", d.datasets}} {
		if len(block.all) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n", block.name)
		for _, one := range block.all {
			fmt.Fprintf(&b, "  %s:\n", one.name)
			writeFields(&b, "    ", one.body)
		}
	}
	b.WriteString("\nattacks:\n")
	for _, a := range d.attacks {
		fmt.Fprintf(&b, "  - name: %s\n", quote(a.name))
		writeFields(&b, "    ", a.body)
	}
	return b.String()
}

// writeFields writes keys a line each; lists of mappings have a line for each entry.
func writeFields(b *strings.Builder, indent string, all fields) {
	for _, f := range all {
		list, ok := f.value.([]any)
		if !ok || len(list) == 0 || !slices.ContainsFunc(list, isMapping) {
			fmt.Fprintf(b, "%s%s: %s\n", indent, key(f.key), flow(f.value))
			continue
		}
		fmt.Fprintf(b, "%s%s:\n", indent, key(f.key))
		for _, entry := range list {
			fmt.Fprintf(b, "%s  - %s\n", indent, flow(entry))
		}
	}
}

func isMapping(v any) bool {
	switch v.(type) {
	case fields, map[string]any:
		return true
	}
	return false
}

// oneLine makes a text fit for a comment.
func oneLine(s string) string {
	quoted := quote(strings.Join(strings.Fields(s), " "))
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
