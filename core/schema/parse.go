package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// The limits of a schema that a plugin sends.
const (
	maxSchemaBytes = 1 << 20
	maxSchemaDepth = 32
)

// Parse reads a JSON Schema that a plugin sent: at most 1 MiB, nested at most 32
// deep. The document must describe an object. A keyword that is neither supported
// nor an annotation is an error that names its place.
func Parse(data []byte) (*Schema, error) {
	if len(data) > maxSchemaBytes {
		return nil, fmt.Errorf("the schema is larger than %d bytes", maxSchemaBytes)
	}
	root, err := parseNode(data, "", 0)
	if err != nil {
		return nil, err
	}
	if root.Type != typeObject {
		return nil, errors.New(`the schema does not describe a configuration: its type is not "object"`)
	}
	return &Schema{root: root}, nil
}

// member is one key of a JSON object with its undecoded value.
type member struct {
	key   string
	value json.RawMessage
}

// members splits a JSON object, keeping the order of its keys.
func members(data []byte) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil {
		return nil, err
	} else if token != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var all []member
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: token.(string)} // inside an object the decoder returns only strings as keys
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		if seen[m.key] {
			return nil, fmt.Errorf("key %q appears twice", m.key)
		}
		seen[m.key] = true
		all = append(all, m)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return all, nil
}

// parseNode reads the schema of a value; path is its place, for messages.
func parseNode(data []byte, path string, depth int) (node, error) {
	var n node
	if depth > maxSchemaDepth {
		return n, fmt.Errorf("the schema at %s is nested more than %d deep", path, maxSchemaDepth)
	}
	if string(bytes.TrimSpace(data)) == "true" {
		return n, nil
	}
	keywords, err := members(data)
	if err != nil {
		return n, fmt.Errorf("reading the schema%s: %w", of(path), err)
	}
	for _, k := range keywords {
		if err := n.parseKeyword(k, path, depth); err != nil {
			return n, err
		}
	}
	return n, n.coherent(path)
}

func (n *node) parseKeyword(k member, path string, depth int) error {
	var err error
	if target := n.plainKeyword(k.key); target != nil {
		err = json.Unmarshal(k.value, target)
	} else {
		switch k.key {
		case keywordEnvironment:
			err = json.Unmarshal(k.value, &n.Environment)
		case "pattern":
			err = n.parsePattern(k.value)
		case "items":
			n.Items, err = parseChild(k.value, join(path, "[]"), depth)
			return err
		case "additionalProperties":
			return n.parseAdditional(k.value, path, depth)
		case "properties":
			return n.parseProperties(k.value, path, depth)
		default:
			if !isAnnotation(k.key) {
				return fmt.Errorf("the schema%s uses the keyword %q, which is not supported", of(path), k.key)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("the schema%s: keyword %q: %w", of(path), k.key, err)
	}
	return nil
}

// plainKeyword returns the field that the value of a keyword is decoded into, or
// nil if the keyword needs more than decoding or is unknown.
func (n *node) plainKeyword(key string) any {
	switch key {
	case "type":
		return &n.Type
	case "title":
		return &n.Title
	case "description":
		return &n.Description
	case "format":
		return &n.Format
	case "enum":
		return &n.Enum
	case "const":
		return &n.Const
	case "default":
		return &n.Default
	case "writeOnly":
		return &n.WriteOnly
	case "minimum":
		return &n.Minimum
	case "maximum":
		return &n.Maximum
	case "exclusiveMinimum":
		return &n.ExclusiveMinimum
	case "exclusiveMaximum":
		return &n.ExclusiveMaximum
	case "required":
		return &n.Required
	}
	return n.countKeyword(key)
}

func (n *node) countKeyword(key string) any {
	switch key {
	case "minLength":
		return &n.MinLength
	case "maxLength":
		return &n.MaxLength
	case "minItems":
		return &n.MinItems
	case "maxItems":
		return &n.MaxItems
	case "formatMinimum":
		return &n.FormatMinimum
	case "formatMaximum":
		return &n.FormatMaximum
	}
	return nil
}

// keywordEnvironment is the annotation that names an environment variable.
const keywordEnvironment = "x-environment"

// isAnnotation reports whether a keyword does not restrict values.
func isAnnotation(key string) bool {
	switch key {
	case "$schema", "$id", "$comment", "examples", "deprecated", "readOnly", "contentEncoding", "contentMediaType":
		return true
	}
	return strings.HasPrefix(key, "x-")
}

func (n *node) parsePattern(value json.RawMessage) error {
	if err := json.Unmarshal(value, &n.Pattern); err != nil {
		return err
	}
	compiled, err := regexp.Compile(n.Pattern)
	if err != nil {
		return err
	}
	n.pattern = compiled
	return nil
}

func parseChild(value json.RawMessage, path string, depth int) (*node, error) {
	child, err := parseNode(value, path, depth+1)
	if err != nil {
		return nil, err
	}
	return &child, nil
}

func (n *node) parseAdditional(value json.RawMessage, path string, depth int) error {
	n.Additional = &extra{}
	if string(bytes.TrimSpace(value)) == "false" {
		return nil
	}
	child, err := parseChild(value, join(path, "*"), depth)
	n.Additional.node = child
	return err
}

func (n *node) parseProperties(value json.RawMessage, path string, depth int) error {
	all, err := members(value)
	if err != nil {
		return fmt.Errorf("the schema%s: keyword %q: %w", of(path), "properties", err)
	}
	for _, m := range all {
		child, err := parseNode(m.value, join(path, m.key), depth+1)
		if err != nil {
			return err
		}
		n.Properties = append(n.Properties, property{m.key, child})
	}
	return nil
}

// coherent refuses types and bounds that Check does not support, and a required
// key that the schema does not allow.
func (n *node) coherent(path string) error {
	switch n.Type {
	case "", typeObject, typeArray, typeString, typeInteger, typeNumber, typeBoolean:
	default:
		return fmt.Errorf("the schema%s: type %q is not supported", of(path), n.Type)
	}
	if n.Environment != "" && (n.Type != typeString || !variableName.MatchString(n.Environment)) {
		return fmt.Errorf("the schema%s: keyword %q: %q is not the name of an environment variable for a string", of(path), keywordEnvironment, n.Environment)
	}
	for _, d := range []string{n.FormatMinimum, n.FormatMaximum} {
		if _, err := time.ParseDuration(d); d != "" && err != nil {
			return fmt.Errorf("the schema%s: %w", of(path), err)
		}
	}
	for _, name := range n.Required {
		if _, ok := n.Properties.find(name); !ok && n.Additional != nil && n.Additional.node == nil {
			return fmt.Errorf("the schema%s requires %q, which it does not allow", of(path), name)
		}
	}
	return nil
}

// of returns " of " and the path, or "" for the document itself.
func of(path string) string {
	if path == "" {
		return ""
	}
	return " of " + path
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}
