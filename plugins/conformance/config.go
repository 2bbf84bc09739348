package conformance

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// unknownKey is a key that no component has.
const unknownKey = "no_component_has_this_key"

func (s subject) refusesUnknownKey(t T, from Source) {
	s.refusesConfig(t, from, unknownKey, "an unknown key", func(c map[string]json.RawMessage) {
		c[unknownKey] = json.RawMessage(`1`)
	})
}

func (s subject) refusesMissingKeys(t T, from Source) {
	required := s.keys().Required
	if len(required) == 0 {
		t.Skipf("no key is required")
	}
	for _, key := range required {
		s.refusesConfig(t, from, key, "a configuration without "+key, func(c map[string]json.RawMessage) { delete(c, key) })
	}
}

func (s subject) refusesWrongTypes(t T, from Source) {
	properties := s.keys().Properties
	if len(properties) == 0 {
		t.Skipf("there is nothing to configure")
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		wrong := `{}`
		switch properties[key].Type {
		case "": // anything is valid
			continue
		case "object":
			wrong = `"a text"`
		}
		s.refusesConfig(t, from, key, key+": "+wrong, func(c map[string]json.RawMessage) { c[key] = json.RawMessage(wrong) })
	}
}

// refusesConfig opens the component with the case's configuration after a
// change. That has to fail with an error of kind config at the key.
func (s subject) refusesConfig(t T, from Source, key, what string, change func(map[string]json.RawMessage)) {
	config := map[string]json.RawMessage{}
	if s.Config != "" {
		if err := json.Unmarshal([]byte(s.Config), &config); err != nil {
			t.Fatalf("the case's configuration: %v", err)
		}
	}
	change(config)
	wrong, err := json.Marshal(config)
	if err != nil {
		t.Fatalf("encoding a configuration: %v", err)
	}
	o, err := s.open(t.Context(), from, string(wrong))
	if err == nil {
		t.Errorf("%s was accepted, want an error of kind config that names the field %s", what, key)
		if err := o.close(); err != nil {
			t.Errorf("closing it: %v", err)
		}
		return
	}
	for _, e := range each(err) {
		if wrong := consistent(e); wrong != error(e) { //nolint:errorlint // identity is what is checked
			t.Errorf("%s: %v", what, wrong)
		}
		if rest, ok := strings.CutPrefix(e.Field, key); ok && e.Kind == core.ErrorConfig && (rest == "" || strings.ContainsAny(rest[:1], ".[")) {
			return
		}
	}
	t.Errorf("%s: error %v (%s), want one of kind config that names the field %s", what, err, core.KindOf(err), key)
}

// each lists the errors that a joined error consists of.
func each(err error) []*core.Error {
	if several, ok := errors.AsType[core.Errors](err); ok {
		return several
	}
	if one, ok := errors.AsType[*core.Error](err); ok {
		return []*core.Error{one}
	}
	return nil
}
