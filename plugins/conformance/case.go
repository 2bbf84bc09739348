package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Case is what it takes to test a component, where that cannot be guessed.
type Case struct {
	Kind core.Kind
	// Use is the component's name within its plugin.
	Use string
	// Config is its configuration, a JSON object; "" stands for the defaults.
	Config string
	// Input is what a converter converts, a target is told and a scorer judges.
	// Where it is zero, the kit takes a sample of the first modality that the
	// component says it takes: a text, a tone or a small picture.
	Input core.Value
}

// subject is a component with the case that it is tested with.
type subject struct {
	Case
	info   core.Info
	schema *schema.Schema
}

// find returns the component with its case. An error says what case to write.
func find(ctx context.Context, s Source, kind core.Kind, use string, cases []Case) (subject, error) {
	info, described, ok := s.Lookup(kind, use)
	if !ok {
		return subject{}, core.Errorf(core.ErrorConfig, "there is no %s %q", kind, use)
	}
	found := subject{Case: Case{Kind: kind, Use: use}, info: info, schema: described}
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
	if found.Input.Modality == "" {
		found.Input, ok = sampleOf(info.In)
	}
	if !ok {
		return subject{}, core.Errorf(core.ErrorConfig, "the kit has no sample of what it takes (%v): it is not tested", info.In).
			WithHint("give a case with an input")
	}
	return found, nil
}

// guessed returns why the component cannot be tested with its defaults, and
// shows the case that it takes.
func (s subject) guessed(ctx context.Context, from Source) error {
	required := s.keys().Required
	var why error
	if len(required) > 0 {
		why = fmt.Errorf("the component cannot be opened without %s, and the kit knows no values", strings.Join(required, ", "))
	} else if err := from.CheckConfig(ctx, s.Kind, s.Use, nil); err != nil {
		why = fmt.Errorf("the component cannot be opened with its defaults (%w)", err)
	} else {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "%w: it is not tested", why).
		WithHint("write a case into a file, and give that with --cases (in Go: plugintest.Case):\n\n%s", s.example())
}

// sampleOf returns a sample of the first modality that there is one of. A
// component that says of none that it takes it gets a text.
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

// keys is what the kit reads of a schema.
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

// example is the case that is missing, in the grammar of a file of cases.
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
