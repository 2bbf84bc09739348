package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Violation is one way in which a document breaks its schema.
type Violation struct {
	// Path names the value, such as "audio.voice" or "tools[2].name"; ""
	// stands for the document itself.
	Path    string
	Message string
	// Hint suggests a correction. It may be empty.
	Hint string
	// Secret is set if the value must not be shown.
	Secret bool
}

// StringField is a string value of a document and its path, as in [Violation].
type StringField struct{ Path, Value string }

// Check returns all violations of a document, which has to be a JSON object; an
// empty document stands for {}. A string that contains "${" refers to a secret
// whose value is not known yet. Only its type is checked, and that it is not an
// address, a choice, a duration or a target: these must not contain secrets.
func (s *Schema) Check(doc []byte) []Violation {
	value, err := decode(doc)
	if err != nil {
		return []Violation{{Message: "not a JSON document: " + err.Error()}}
	}
	root := s.root
	root.Type = typeObject
	c := checker{root: root}
	c.value(root, "", value)
	return c.violations
}

// Strings returns the strings of a document that have a format, such as
// "uri", in a fixed order. Values of a wrong type are left out.
func (s *Schema) Strings(doc []byte, format string) []StringField {
	return s.strings(doc, func(n node) bool { return n.Format == format })
}

// Secrets returns the strings of a document that hold secrets, in a fixed
// order.
func (s *Schema) Secrets(doc []byte) []StringField { return s.strings(doc, node.secret) }

// Programs returns the programs that a component runs because a document names
// them: the strings of the format "command", and the first string of each list of
// them.
func (s *Schema) Programs(doc []byte) []StringField {
	programs := s.Strings(doc, formatCommand)
	for i := range programs {
		programs[i].Path = strings.TrimSuffix(programs[i].Path, "[0]")
	}
	return slices.DeleteFunc(programs, func(f StringField) bool {
		return f.Value == "" || strings.HasSuffix(f.Path, "]")
	})
}

// Files returns the files that a component reads itself because a document names
// them: the strings of the format "local-file".
func (s *Schema) Files(doc []byte) []StringField {
	return slices.DeleteFunc(s.Strings(doc, formatLocalFile), func(f StringField) bool { return f.Value == "" })
}

// Targets returns the names of the campaign's targets that a component uses
// because a document names them: the strings of the format "target".
func (s *Schema) Targets(doc []byte) []StringField {
	return slices.DeleteFunc(s.Strings(doc, formatTarget), func(f StringField) bool { return f.Value == "" })
}

// Variable is an environment variable that gives a key which a document leaves
// out.
type Variable struct {
	// Path is the key, as in [Violation].
	Path string
	// Name is the variable.
	Name string
	// Secret is set if the value must not be shown.
	Secret bool
}

// Variables returns the environment variables that may give keys which a document
// leaves out, in the order of the schema. Keys of lists have none. Whoever fills
// them in does so before Check, which may require such a key.
func (s *Schema) Variables(doc []byte) []Variable {
	value, err := decode(doc)
	if err != nil {
		return nil
	}
	return s.root.variables("", value)
}

func (n node) variables(path string, value any) []Variable {
	given, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil // a violation
	}
	var all []Variable
	for _, p := range n.Properties {
		below, present := given[p.name]
		if p.node.Environment != "" && !present {
			all = append(all, Variable{Path: join(path, p.name), Name: p.node.Environment, Secret: p.node.secret()})
		}
		all = append(all, p.node.variables(join(path, p.name), below)...)
	}
	return all
}

// WithoutVariables returns the schema as one whose keys no environment variable gives.
func (s *Schema) WithoutVariables() *Schema { return &Schema{root: s.root.withoutVariables()} }

func (n node) withoutVariables() node {
	n.Environment = ""
	n.Properties = slices.Clone(n.Properties)
	for i, p := range n.Properties {
		n.Properties[i].node = p.node.withoutVariables()
	}
	if n.Items != nil {
		items := n.Items.withoutVariables()
		n.Items = &items
	}
	if n.Additional != nil && n.Additional.node != nil {
		more, additional := *n.Additional, n.Additional.node.withoutVariables()
		more.node = &additional
		n.Additional = &more
	}
	return n
}

// TakesTargets reports whether a document may name targets of the campaign.
func (s *Schema) TakesTargets() bool { return s.root.takesTargets() }

func (n node) takesTargets() bool {
	if n.Format == formatTarget || n.Items != nil && n.Items.takesTargets() {
		return true
	}
	if n.Additional != nil && n.Additional.node != nil && n.Additional.node.takesTargets() {
		return true
	}
	return slices.ContainsFunc(n.Properties, func(p property) bool { return p.node.takesTargets() })
}

func (s *Schema) strings(doc []byte, wanted func(node) bool) []StringField {
	value, err := decode(doc)
	if err != nil {
		return nil
	}
	c := checker{wanted: wanted}
	c.value(s.root, "", value)
	return c.strings
}

// secret reports whether a value must not be shown.
func (n node) secret() bool { return n.WriteOnly || n.Format == formatPassword }

// decode decodes one JSON value, with numbers as [json.Number].
func decode(doc []byte) (any, error) {
	if len(bytes.TrimSpace(doc)) == 0 {
		return map[string]any{}, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// checker walks a document and its schema together.
type checker struct {
	// root is the schema of the whole document.
	root       node
	violations []Violation
	// strings collects the strings for whose node wanted, which may be nil,
	// returns true.
	wanted  func(node) bool
	strings []StringField
}

func (c *checker) violation(path, hint, format string, args ...any) {
	c.violations = append(c.violations, Violation{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (c *checker) value(n node, path string, value any) {
	if !hasType(n.Type, value) {
		c.violation(path, n.typeHint(value), "%s is not %s", n.display(value), article(n.Type))
		c.violations[len(c.violations)-1].Secret = n.secret()
		return
	}
	switch v := value.(type) {
	case map[string]any:
		c.object(n, path, v)
	case []any:
		c.array(n, path, v)
	case string:
		c.text(n, path, v)
	case json.Number:
		c.number(n, path, v)
	}
	if s, ok := value.(string); !ok || !isReference(s) {
		c.choice(n, path, value)
	}
}

func (c *checker) object(n node, path string, v map[string]any) {
	for _, name := range n.Required {
		if _, ok := v[name]; !ok {
			c.violation(join(path, name), "", "key %q is required", name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		child, known := n.Properties.find(key)
		if !known && n.Additional != nil {
			if n.Additional.node == nil {
				c.violation(join(path, key), suggest(key, n.Properties.names()), "unknown key %q", key)
				continue
			}
			child = *n.Additional.node
		}
		c.value(child, join(path, key), v[key])
	}
}

// suggest returns the hint of an unknown key.
func suggest(key string, known []string) string {
	if near := Nearest(key, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return "it takes no keys"
	}
	return "its keys are " + strings.Join(known, ", ")
}

func (c *checker) array(n node, path string, v []any) {
	if n.MinItems != nil && len(v) < *n.MinItems {
		c.violation(path, "", "%s; at least %d needed", count(len(v), "entry", "entries"), *n.MinItems)
	}
	if n.MaxItems != nil && len(v) > *n.MaxItems {
		c.violation(path, "", "%s; at most %d allowed", count(len(v), "entry", "entries"), *n.MaxItems)
	}
	if n.Items == nil {
		return
	}
	for i, item := range v {
		c.value(*n.Items, join(path, "["+strconv.Itoa(i)+"]"), item)
	}
}

func (c *checker) text(n node, path, v string) {
	if c.wanted != nil && c.wanted(n) {
		c.strings = append(c.strings, StringField{Path: path, Value: v})
	}
	if n.Format == formatURI && secret.InAddress(v) {
		c.violation(path, c.root.placeForSecrets(path), "the address holds credentials")
		c.violations[len(c.violations)-1].Secret = true
		return
	}
	if isReference(v) {
		c.reference(n, path)
		return
	}
	length := utf8.RuneCountInString(v)
	switch {
	case n.MinLength != nil && length == 0 && *n.MinLength > 0:
		c.violation(path, "", "must not be empty")
		return
	case n.MinLength != nil && length < *n.MinLength:
		c.violation(path, "", "%s; at least %d needed", count(length, "character", "characters"), *n.MinLength)
	case n.MaxLength != nil && length > *n.MaxLength:
		c.violation(path, "", "%s; at most %d allowed", count(length, "character", "characters"), *n.MaxLength)
	}
	if n.pattern != nil && !n.pattern.MatchString(v) {
		c.violation(path, "", "%s does not match %s", n.display(v), n.Pattern)
	}
	if message, hint := n.checkFormat(v); message != "" {
		c.violation(path, hint, "%s", message)
	}
}

// reference checks a string whose value is not known yet.
func (c *checker) reference(n node, path string) {
	var what string
	switch {
	case len(n.Enum) > 0 || n.Const != nil:
		what = "a choice"
	case n.Format == formatURI:
		what = "an address"
	case n.Format == formatDuration:
		what = "a duration"
	case n.Format == formatTarget:
		what = "a target's name"
	default:
		return
	}
	hint := "write it out; keep secrets in the keys that are meant for them"
	if n.Format == formatURI {
		hint = "write it out; " + c.root.placeForSecrets(path)
	}
	c.violation(path, hint, "%s with a secret in it cannot be checked", what)
}

func (c *checker) number(n node, path string, v json.Number) {
	bounds := []struct {
		limit *json.Number
		holds func(sign int) bool
		words string
	}{
		{n.Minimum, func(sign int) bool { return sign >= 0 }, "at least"},
		{n.Maximum, func(sign int) bool { return sign <= 0 }, "at most"},
		{n.ExclusiveMinimum, func(sign int) bool { return sign > 0 }, "more than"},
		{n.ExclusiveMaximum, func(sign int) bool { return sign < 0 }, "less than"},
	}
	for _, b := range bounds {
		if b.limit != nil && !b.holds(compare(v, *b.limit)) {
			c.violation(path, "", "%s is out of range: %s %s", v, b.words, *b.limit)
		}
	}
}

// choice checks enum and const.
func (c *checker) choice(n node, path string, value any) {
	allowed := n.Enum
	if n.Const != nil {
		allowed = []json.RawMessage{n.Const}
	}
	if len(allowed) == 0 {
		return
	}
	var words, names []string
	for _, raw := range allowed {
		option, err := decode(raw)
		if err == nil && equal(option, value) {
			return
		}
		if s, ok := option.(string); ok {
			names = append(names, s)
		}
		words = append(words, plain(raw))
	}
	hint := ""
	if s, ok := value.(string); ok {
		if near := Nearest(s, names); near != "" && !n.secret() {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
	}
	c.violation(path, hint, "%s is not one of %s", n.display(value), strings.Join(words, ", "))
}

// plain undoes the escapes of "&", "<" and ">" that encoding/json writes.
func plain(raw json.RawMessage) string {
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(raw))
}
