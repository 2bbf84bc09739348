package core

import (
	"context"
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Targets are the targets of a campaign that a component may use, by their
// names there.
type Targets map[string]Target

// Model is a target of the campaign that a converter or scorer uses, such as
// the judge that a scorer asks. It is the type of a field of a config struct;
// the campaign writes the target's name there:
//
//	type config struct {
//		Model core.Model `json:"model" doc:"Who judges." required:"true"`
//	}
//
// Whoever opens the component says which targets there are ([Component.Using]).
// In a run they are the campaign's own: what is sent to them and what they
// answer is held to their limits, counted and recorded as the trial's, under
// the component's name. They may be asked with the context of Convert or Score,
// or one derived from it, and so for as long as that call lasts. A conversation
// that is still open then is ended.
//
// The zero value is no model: the key was not given.
type Model struct {
	name   string
	target Target
}

var (
	_ Target                   = Model{}
	_ encoding.TextMarshaler   = Model{}
	_ encoding.TextUnmarshaler = (*Model)(nil)
)

// IsZero reports whether the campaign names no model.
func (m Model) IsZero() bool { return m.name == "" }

// String returns the target's name in the campaign.
func (m Model) String() string { return m.name }

// MarshalText encodes the name.
func (m Model) MarshalText() ([]byte, error) { return []byte(m.name), nil }

// UnmarshalText takes the name.
func (m *Model) UnmarshalText(text []byte) error {
	*m = Model{name: string(text)}
	return nil
}

// StartConversation implements [Target]. It fails with ErrorConfig where the
// campaign names no model.
func (m Model) StartConversation(ctx context.Context, start Start) (Conversation, error) {
	if m.IsZero() {
		return nil, Errorf(ErrorConfig, "no model is configured").
			WithHint("name a target of the campaign under the key that is meant for it")
	}
	if m.target == nil {
		return nil, Errorf(ErrorProtocol, "model %q cannot be asked before the component is opened", m.name)
	}
	return m.target.StartConversation(ctx, start)
}

// bind gives every Model within a configuration its target. v can be set.
func bind(v reflect.Value, path string, targets Targets) Errors {
	if m, ok := reflect.TypeAssert[*Model](v.Addr()); ok {
		return m.bind(path, targets)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return bind(v.Elem(), path, targets)
		}
	case reflect.Struct:
		return bindFields(v, path, targets)
	case reflect.Slice, reflect.Array:
		var wrong Errors
		for i := range v.Len() {
			wrong = append(wrong, bind(v.Index(i), path+"["+strconv.Itoa(i)+"]", targets)...)
		}
		return wrong
	case reflect.Map:
		return bindEntries(v, path, targets)
	}
	return nil
}

func (m *Model) bind(path string, targets Targets) Errors {
	if m.IsZero() {
		return nil
	}
	target, ok := targets[m.name]
	if !ok {
		known := "no targets are given to it"
		if len(targets) > 0 {
			known = "the targets are " + strings.Join(slices.Sorted(maps.Keys(targets)), ", ")
		}
		return Errors{Errorf(ErrorConfig, "there is no target %q that it could use", m.name).At(path).WithHint("%s", known)}
	}
	m.target = target
	return nil
}

func bindFields(v reflect.Value, path string, targets Targets) Errors {
	var wrong Errors
	for i := range v.NumField() {
		field := v.Type().Field(i)
		below := path
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			below = strings.TrimPrefix(path+"."+name, ".")
		}
		switch {
		case field.IsExported():
			wrong = append(wrong, bind(v.Field(i), below, targets)...)
		case field.Anonymous && field.Type.Kind() == reflect.Struct: // it lends its fields
			wrong = append(wrong, bindFields(v.Field(i), below, targets)...)
		}
	}
	return wrong
}

// bindEntries replaces the entries of a map, which cannot be set themselves.
func bindEntries(v reflect.Value, path string, targets Targets) Errors {
	var wrong Errors
	for _, key := range v.MapKeys() {
		entry := reflect.New(v.Type().Elem()).Elem()
		entry.Set(v.MapIndex(key))
		wrong = append(wrong, bind(entry, strings.TrimPrefix(path+"."+key.String(), "."), targets)...)
		v.SetMapIndex(key, entry)
	}
	return wrong
}
