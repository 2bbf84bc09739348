package schema

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// The types a value can have.
const (
	typeObject  = "object"
	typeArray   = "array"
	typeString  = "string"
	typeInteger = "integer"
	typeNumber  = "number"
	typeBoolean = "boolean"
)

// The formats that Check enforces.
const (
	formatURI      = "uri"
	formatDuration = "duration" // what time.ParseDuration takes, such as 1m30s
	formatRegex    = "regex"    // RE2
)

// The formats that Check does not enforce, but callers look for.
const (
	formatPassword = "password" // a secret
	formatCommand  = "command"  // a program to run, or a list that begins with one
	// a file that the component reads by itself, on the machine it runs on
	formatLocalFile = "local-file"
	formatTarget    = "target" // the name of a target of the campaign
)

// Schema is a JSON Schema. It is immutable and safe for concurrent use. The
// zero value accepts any JSON object.
type Schema struct {
	root node
}

// node describes one value of a document. A node without a type accepts any.
type node struct {
	Type        string            `json:"type,omitempty"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description,omitempty"`
	Format      string            `json:"format,omitempty"`
	Pattern     string            `json:"pattern,omitempty"`
	Enum        []json.RawMessage `json:"enum,omitempty"`
	Const       json.RawMessage   `json:"const,omitempty"`
	Default     json.RawMessage   `json:"default,omitempty"`
	WriteOnly   bool              `json:"writeOnly,omitempty"`
	// Environment is the environment variable that gives the value where a
	// document leaves the key out; "" for none.
	Environment string `json:"x-environment,omitempty"`

	Minimum          *json.Number `json:"minimum,omitempty"`
	Maximum          *json.Number `json:"maximum,omitempty"`
	ExclusiveMinimum *json.Number `json:"exclusiveMinimum,omitempty"`
	ExclusiveMaximum *json.Number `json:"exclusiveMaximum,omitempty"`
	MinLength        *int         `json:"minLength,omitempty"`
	MaxLength        *int         `json:"maxLength,omitempty"`
	MinItems         *int         `json:"minItems,omitempty"`
	MaxItems         *int         `json:"maxItems,omitempty"`
	// FormatMinimum and FormatMaximum bound durations, as ajv's extension of
	// the same name does; plain validators ignore them.
	FormatMinimum string `json:"formatMinimum,omitempty"`
	FormatMaximum string `json:"formatMaximum,omitempty"`

	Items      *node      `json:"items,omitempty"`
	Properties properties `json:"properties,omitempty"`
	Required   []string   `json:"required,omitempty"`
	Additional *extra     `json:"additionalProperties,omitempty"`

	pattern *regexp.Regexp
}

// properties are an object's properties, in the order of the config struct or of
// the parsed document.
type properties []property

type property struct {
	name string
	node node
}

func (ps properties) find(name string) (node, bool) {
	for _, p := range ps {
		if p.name == name {
			return p.node, true
		}
	}
	return node{}, false
}

func (ps properties) names() []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.name
	}
	return names
}

// MarshalJSON writes the properties as an object, in their order.
func (ps properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.node)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// extra is the value of additionalProperties: the schema of the values of unknown
// keys, or nil if unknown keys are refused.
type extra struct {
	node *node
}

// MarshalJSON writes a schema, or false.
func (e extra) MarshalJSON() ([]byte, error) {
	if e.node == nil {
		return []byte("false"), nil
	}
	return json.Marshal(e.node)
}

// MarshalJSON writes the schema as a JSON Schema document, draft 2020-12. The
// order of the properties is that of the config struct, or of the document
// that the schema was parsed from.
func (s *Schema) MarshalJSON() ([]byte, error) {
	return json.Marshal(s.root)
}
