package campaign

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// value is a node with the name it has in messages.
type value struct {
	*yaml.Node
	label string
}

func (v value) place() Position { return place(v.Node) }

// field is one key of the grammar.
type field struct {
	name     string
	required bool
	read     func(value)
}

// object reads a mapping by the grammar of its keys. later names keys that
// this version knows of but does not support.
func (r *reader) object(v value, fields []field, later ...string) {
	if !r.isMapping(v) {
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	given := map[string]bool{}
	for key, node := range pairs(v.Node) {
		if given[key.Value] || key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue // reported by the audit
		}
		given[key.Value] = true
		r.objectKey(key, node, fields, names, later)
	}
	for _, f := range fields {
		if f.required && !given[f.name] {
			r.problem(v.place(), "", "%s needs the key %q", v.label, f.name)
		}
	}
}

func (r *reader) objectKey(key, node *yaml.Node, fields []field, names, later []string) {
	for _, f := range fields {
		if f.name == key.Value {
			if node.Kind != yaml.AliasNode { // reported by the audit
				f.read(value{node, key.Value})
			}
			return
		}
	}
	for _, name := range later {
		if name == key.Value {
			r.problem(place(key), "", "key %q is not supported by this version", name)
			return
		}
	}
	hint := did(schema.Nearest(key.Value, names))
	if hint == "" {
		hint = "the keys here are " + strings.Join(names, ", ")
	}
	r.problem(place(key), hint, "unknown key %s", shorten(key.Value))
}

// list reads the entries of a list that must not be empty.
func (r *reader) list(v value, each func(value)) {
	if v.Kind != yaml.SequenceNode {
		hint := ""
		if isText(v.Node) {
			hint = "write [" + v.Value + "]"
		}
		r.problem(v.place(), hint, "%s must be a list, not %s", v.label, describe(v.Node))
		return
	}
	for i, entry := range v.Content {
		if entry.Kind != yaml.AliasNode {
			each(value{entry, fmt.Sprintf("%s[%d]", v.label, i)})
		}
	}
}

// definitions reads a mapping from names to definitions.
func (r *reader) definitions(v value, what string, check func(name string) error, each func(Name, value)) {
	if !r.isMapping(v) {
		return
	}
	given := map[string]bool{}
	for key, node := range pairs(v.Node) {
		if key.Kind != yaml.ScalarNode || given[key.Value] || node.Kind == yaml.AliasNode || key.ShortTag() == "!!merge" {
			continue // reported by the audit
		}
		given[key.Value] = true
		if err := check(key.Value); err != nil && isText(key) {
			r.problem(place(key), "", "%v", err)
		}
		each(Name{Name: key.Value, At: place(key)}, value{node, what + " " + shorten(key.Value)})
	}
}

func (r *reader) isMapping(v value) bool {
	if v.Kind != yaml.MappingNode {
		r.problem(v.place(), "", "%s must be a mapping, not %s", v.label, describe(v.Node))
		return false
	}
	return true
}

// text reads a text that is not empty.
func (r *reader) text(v value) (string, bool) {
	switch {
	case !isText(v.Node):
		hint := ""
		if v.Kind == yaml.ScalarNode && !isNull(v.Node) {
			hint = fmt.Sprintf("write %q, in quotes", v.Value)
		}
		r.problem(v.place(), hint, "%s must be a text, not %s", v.label, describe(v.Node))
		return "", false
	case strings.TrimSpace(v.Value) == "":
		r.problem(v.place(), "", "%s must not be empty", v.label)
		return "", false
	}
	return v.Value, true
}

// textInto reads a text into a string.
func (r *reader) textInto(s *string) func(value) {
	return func(v value) { *s, _ = r.text(v) }
}

// choice reads one of a few words.
func (r *reader) choice(v value, options ...string) (string, bool) {
	s, ok := r.text(v)
	if !ok {
		return "", false
	}
	for _, o := range options {
		if o == s {
			return s, true
		}
	}
	r.problem(v.place(), did(schema.Nearest(s, options)), "%s must be one of %s, not %s", v.label, strings.Join(options, ", "), shorten(s))
	return "", false
}

// integer reads a whole number, written in decimal: YAML would take 010 for
// eight, and 1.5, decoded into an integer, would become 1.
func (r *reader) integer(v value, least, most int) (int, bool) {
	n, err := strconv.Atoi(v.Value)
	if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!int" || !isJSONNumber(v.Value) || err != nil || n < least || n > most {
		hint := ""
		if v.Kind == yaml.ScalarNode && v.ShortTag() == "!!int" && !isJSONNumber(v.Value) {
			hint = "write it in decimal, as digits only"
		}
		r.problem(v.place(), hint, "%s must be a whole number from %d to %d, not %s", v.label, least, most, describe(v.Node))
		return 0, false
	}
	return n, true
}

// integerInto reads a whole number into n, which stays as it is where that is not
// one.
func (r *reader) integerInto(n *int, least, most int) func(value) {
	return func(v value) {
		if i, ok := r.integer(v, least, most); ok {
			*n = i
		}
	}
}

// share reads a number from 0 to 1.
func (r *reader) share(f *float64) func(value) {
	return func(v value) {
		if n, ok := r.number(v, 0, 1, "0.05 stands for 5 %"); ok {
			*f = n
		}
	}
}

// number reads a number, which may have a point.
func (r *reader) number(v value, least, most float64, hint string) (float64, bool) {
	n, err := strconv.ParseFloat(v.Value, 64)
	tag := v.ShortTag()
	if v.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || !isJSONNumber(v.Value) || err != nil || n < least || n > most {
		r.problem(v.place(), hint, "%s must be a number from %v to %v, not %s", v.label, least, most, describe(v.Node))
		return 0, false
	}
	return n, true
}

// boolean reads true or false.
func (r *reader) boolean(v value) bool {
	if v.Kind != yaml.ScalarNode || v.Value != "true" && v.Value != "false" || v.ShortTag() != "!!bool" {
		r.problem(v.place(), "", "%s must be true or false, not %s", v.label, describe(v.Node))
		return false
	}
	return v.Value == "true"
}

// duration reads a duration within bounds.
func (r *reader) duration(v value, least, most time.Duration) (time.Duration, bool) {
	d, err := time.ParseDuration(v.Value)
	if !isText(v.Node) || err != nil || d < least || d > most {
		r.problem(v.place(), "such as 500ms, 30s or 2m", "%s must be a duration from %s to %s, not %s", v.label, least, most, describe(v.Node))
		return 0, false
	}
	return d, true
}

// size reads a number of bytes within bounds, such as 512MiB.
func (r *reader) size(v value, least, most uint64) int64 {
	n, err := humanize.ParseBytes(v.Value)
	hasUnit := strings.ContainsAny(v.Value, "bB")
	if !isText(v.Node) || err != nil || !hasUnit || n < least || n > most {
		r.problem(v.place(), "such as 512MiB or 2GiB", "%s must be a size from %s to %s, not %s",
			v.label, humanize.IBytes(least), humanize.IBytes(most), describe(v.Node))
		return 0
	}
	return int64(n)
}

// name reads a reference to something the campaign defines.
func (r *reader) name(v value) (Name, bool) {
	s, ok := r.text(v)
	return Name{Name: s, At: v.place()}, ok
}

// names reads a list of references.
func (r *reader) names(into *[]Name) func(value) {
	return func(v value) {
		*into = []Name{} // given, and perhaps empty
		r.list(v, func(entry value) {
			if n, ok := r.name(entry); ok {
				*into = append(*into, n)
			}
		})
	}
}

const maxName = 64

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	slug       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// isJSONNumber reports whether a number is written as JSON writes it, which
// means the same to every reader.
func isJSONNumber(s string) bool { return jsonNumber.MatchString(s) }

// checkSlug holds the names of campaigns, attacks and variants to what file
// names and test reports can take.
func checkSlug(name string) error {
	if !slug.MatchString(name) {
		return fmt.Errorf("%s is not a name: use lower-case letters, digits and single hyphens", shorten(name))
	}
	return checkLength(name)
}

// checkName holds the names of targets, converters and datasets.
func checkName(name string) error {
	if !identifier.MatchString(name) {
		return fmt.Errorf("%s is not a name: use lower-case letters, digits, - and _", shorten(name))
	}
	return checkLength(name)
}

func checkLength(name string) error {
	if n := utf8.RuneCountInString(name); n > maxName {
		return fmt.Errorf("the name %s has %d characters; at most %d are allowed", shorten(name), n, maxName)
	}
	return nil
}
