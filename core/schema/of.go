package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Of derives the schema of a config struct. The struct's values become the
// defaults. Each exported field needs a json name; these tags say more:
//
//	doc:"One sentence."   the description
//	required:"true"       the key must be given; a required string not be empty
//	enum:"a,b"            the values allowed, of a string or of a list's strings
//	min:"1" max:"10"      the range of a number or duration, the length of a
//	                      string, the count of a list
//	format:"uri"          the format of a string, or of a list's strings
//	env:"NAME"            the environment variable that gives a string where a
//	                      campaign leaves the key out; see [Schema.Variables]
//
// Three formats are needed for the check of what a campaign may do: "uri" for an
// address, "command" for a program that the component runs (a string, or a list
// that begins with one), and "local-file" for a file that the component reads
// itself.
//
// A [core.Secret] is a write-only string without a default, a [core.Duration] a
// string such as "1m30s", and a [core.Model] a string of the format "target", the
// name of a target of the campaign. The fields of a struct embedded without a json
// name become fields of the outer struct; the tag env:"key=NAME,key=NAME" of the
// embedding names the variables of those fields. Of fails on types that configuration
// cannot express and on tags that do not fit their field.
func Of(config any) (*Schema, error) {
	v := reflect.ValueOf(config)
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("a configuration is a struct, not %T", config)
	}
	b := builder{}
	root, err := b.object(v)
	if err != nil {
		return nil, fmt.Errorf("%T: %w", config, err)
	}
	return &Schema{root: root}, nil
}

// builder keeps the types of the enclosing structs, so that a struct that contains
// itself is an error.
type builder struct {
	within []reflect.Type
}

func (b *builder) object(v reflect.Value) (node, error) {
	if slices.Contains(b.within, v.Type()) {
		return node{}, fmt.Errorf("%s contains itself", v.Type())
	}
	b.within = append(b.within, v.Type())
	defer func() { b.within = b.within[:len(b.within)-1] }()

	n := node{Type: typeObject, Additional: &extra{}}
	return n, b.fields(v, &n)
}

func (b *builder) fields(v reflect.Value, n *node) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		embedded := field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct
		switch {
		case field.Tag.Get("json") == "-":
			continue
		case embedded:
			own := len(n.Properties)
			if err := b.fields(v.Field(i), n); err != nil {
				return err
			}
			if err := n.Properties[own:].fromEnvironment(field.Tag); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
			continue
		case !field.IsExported():
			continue
		case name == "":
			return fmt.Errorf("field %s has no json name", field.Name)
		}
		if err := b.field(field, name, v.Field(i), n); err != nil {
			return fmt.Errorf("field %s: %w", field.Name, err)
		}
	}
	return nil
}

func (b *builder) field(field reflect.StructField, name string, v reflect.Value, n *node) error {
	if _, exists := n.Properties.find(name); exists {
		return fmt.Errorf("a second field with the json name %q", name)
	}
	p, err := b.value(v)
	if err != nil {
		return err
	}
	p.Description = field.Tag.Get("doc")
	required := field.Tag.Get("required") == "true"
	if required {
		n.Required = append(n.Required, name)
	} else if p.Default, err = defaultOf(v, p); err != nil {
		return err
	}
	if err := constrain(&p, field.Tag, required); err != nil {
		return err
	}
	n.Properties = append(n.Properties, property{name, p})
	return nil
}

// value describes the type of v.
func (b *builder) value(v reflect.Value) (node, error) {
	t := v.Type()
	switch t {
	case reflect.TypeFor[core.Secret]():
		return node{Type: typeString, Format: formatPassword, WriteOnly: true}, nil
	case reflect.TypeFor[core.Duration]():
		return node{Type: typeString, Format: formatDuration}, nil
	case reflect.TypeFor[core.Model]():
		return node{Type: typeString, Format: formatTarget}, nil
	case reflect.TypeFor[time.Duration]():
		return node{}, fmt.Errorf("%s is written as a number of nanoseconds; use core.Duration", t)
	case reflect.TypeFor[json.RawMessage]():
		return node{}, nil
	}
	if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return node{Type: typeString}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(t.Elem())
		}
		return b.value(v.Elem())
	case reflect.Struct:
		return b.object(v)
	case reflect.Slice, reflect.Array, reflect.Map:
		return b.collection(t)
	default:
		return scalar(t)
	}
}

// collection describes lists and maps; their elements have no defaults.
func (b *builder) collection(t reflect.Type) (node, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return node{}, fmt.Errorf("%s: bytes have no form in a configuration; use a string", t)
	}
	element, err := b.value(reflect.New(t.Elem()).Elem())
	if err != nil {
		return node{}, err
	}
	element = withoutDefaults(element)
	if t.Kind() != reflect.Map {
		return node{Type: typeArray, Items: &element}, nil
	}
	if t.Key().Kind() != reflect.String {
		return node{}, fmt.Errorf("%s: the keys of a map are strings", t)
	}
	return node{Type: typeObject, Additional: &extra{node: &element}}, nil
}

// withoutDefaults removes the defaults of a list's or map's element. They are only
// the zero values of the element's type.
func withoutDefaults(n node) node {
	n.Default = nil
	n.Properties = slices.Clone(n.Properties)
	for i := range n.Properties {
		n.Properties[i].node = withoutDefaults(n.Properties[i].node)
	}
	return n
}

func scalar(t reflect.Type) (node, error) {
	switch t.Kind() {
	case reflect.String:
		return node{Type: typeString}, nil
	case reflect.Bool:
		return node{Type: typeBoolean}, nil
	case reflect.Float32, reflect.Float64:
		return node{Type: typeNumber}, nil
	case reflect.Int, reflect.Int64:
		return node{Type: typeInteger}, nil
	case reflect.Int8, reflect.Int16, reflect.Int32:
		limit := int64(1) << (t.Bits() - 1)
		return node{Type: typeInteger, Minimum: number(-limit), Maximum: number(limit - 1)}, nil
	case reflect.Uint, reflect.Uint64:
		return node{Type: typeInteger, Minimum: number(0)}, nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return node{Type: typeInteger, Minimum: number(0), Maximum: number(int64(1)<<t.Bits() - 1)}, nil
	case reflect.Interface:
		return node{}, nil
	default:
		return node{}, fmt.Errorf("%s has no form in a configuration", t)
	}
}

func number(n int64) *json.Number {
	s := json.Number(strconv.FormatInt(n, 10))
	return &s
}

// defaultOf encodes a field's value as its default. There is none, nil, for empty
// strings, lists and maps, which mean "not set", and for secrets, models and
// structs, whose fields have defaults of their own.
func defaultOf(v reflect.Value, n node) (json.RawMessage, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
	case reflect.String, reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return nil, nil
		}
	}
	if m, ok := reflect.TypeAssert[core.Model](v); ok {
		if m.IsZero() {
			return nil, nil
		}
		return nil, fmt.Errorf("a model has no default: %q is a name that only a campaign can give", m)
	}
	if n.WriteOnly || len(n.Properties) > 0 {
		return nil, nil
	}
	data, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, fmt.Errorf("encoding the default: %w", err)
	}
	return data, nil
}
