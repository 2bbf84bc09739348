package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Case is the input for testing a component that cannot be tested with
// defaults.
type Case struct {
	Kind core.Kind
	// Use is the component's name within its plugin.
	Use string
	// Config is its configuration, a JSON object; "" for the defaults.
	Config string
	// Input is the value that a converter converts, a target is sent or a
	// scorer judges. If it is zero, the kit uses a sample of the first modality
	// that the component accepts: a text, a tone or a small image.
	Input core.Value
}

// subject is a component with its case.
type subject struct {
	Case
	// declared is the component's description, info what is left of it with the
	// case's configuration.
	declared, info core.Info
	schema         *schema.Schema
}

// find returns the component with its case. The error shows the case to write.
func find(ctx context.Context, s Source, kind core.Kind, use string, cases []Case) (subject, error) {
	info, described, ok := s.Lookup(kind, use)
	if !ok {
		return subject{}, core.Errorf(core.ErrorConfig, "there is no %s %q", kind, use)
	}
	found := subject{Case: Case{Kind: kind, Use: use}, declared: info, schema: described}
	given := false
	for _, c := range cases {
		if c.Kind == kind && c.Use == use {
			found.Case, given = c, true
		}
	}
	if !given {
		if err := found.guessed(ctx, s); err != nil {
			return subject{}, err
		}
	}
	checked, _ := s.CheckConfig(ctx, kind, use, []byte(found.Config)) // the error fails a check
	found.info = info.Restricted(checked.Restrictions)
	if found.Input.Modality == "" {
		found.Input, ok = sampleOf(found.info.In)
	}
	if !ok {
		return subject{}, core.Errorf(core.ErrorConfig, "the kit has no sample of what it takes (%v): it is not tested", found.info.In).
			WithHint("give a case with an input")
	}
	return found, nil
}

// guessed returns an error if the component cannot be tested with its defaults;
// it shows the case that is needed.
func (s subject) guessed(ctx context.Context, from Source) error {
	required := s.keys().Required
	var why error
	if len(required) > 0 {
		why = fmt.Errorf("the component cannot be opened without %s, and the kit knows no values", strings.Join(required, ", "))
	} else if _, err := from.CheckConfig(ctx, s.Kind, s.Use, nil); err != nil {
		why = fmt.Errorf("the component cannot be opened with its defaults (%w)", err)
	} else {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "%w: it is not tested", why).
		WithHint("write a case into a file, and give that with --cases (in Go: plugintest.Case):\n\n%s", s.example())
}

// sampleOf returns a sample of the first modality for which there is one. A
// component that declares none gets a text.
func sampleOf(in []core.Modality) (core.Value, bool) {
	if len(in) == 0 {
		return sample(core.Text)
	}
	for _, m := range in {
		if v, ok := sample(m); ok {
			return v, true
		}
	}
	return core.Value{}, false
}

// keys holds the fields of a schema that the kit reads.
type keys struct {
	Required   []string `json:"required"`
	Properties map[string]struct {
		Type string `json:"type"`
	} `json:"properties"`
}

func (s subject) keys() keys {
	var k keys
	encoded, err := json.Marshal(s.schema)
	if err == nil {
		err = json.Unmarshal(encoded, &k)
	}
	if err != nil {
		return keys{} // a schema always encodes
	}
	return k
}

// example is the missing case, in the format of a cases file.
func (s subject) example() string {
	k := s.keys()
	values := map[string]string{"string": `"…"`, "integer": "1", "number": "1", "boolean": "true", "array": "[…]", "object": "{…}"}
	var with []string
	for _, key := range k.Required {
		with = append(with, key+": "+values[k.Properties[key].Type])
	}
	if len(with) == 0 {
		with = []string{"…"}
	}
	return fmt.Sprintf("version: 1\n%ss:\n  %s:\n    with: {%s}", s.Kind, s.Use, strings.Join(with, ", "))
}
