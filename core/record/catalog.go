package record

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Component is what a plugin said of a component when a run was recorded.
type Component struct {
	Info   core.Info
	Schema *schema.Schema
}

// component is one as JSON.
type component struct {
	Info   core.Info       `json:"info"`
	Schema json.RawMessage `json:"schema"`
}

// MarshalJSON encodes the component.
func (c Component) MarshalJSON() ([]byte, error) {
	encoded, err := json.Marshal(c.Schema)
	if err != nil {
		return nil, err
	}
	return json.Marshal(component{c.Info, encoded})
}

// UnmarshalJSON decodes what MarshalJSON encodes.
func (c *Component) UnmarshalJSON(data []byte) error {
	var decoded component
	if err := json.Unmarshal(data, &decoded); err != nil {
		return err
	}
	parsed, err := schema.Parse(decoded.Schema)
	if err != nil {
		return fmt.Errorf("%s %q: %w", decoded.Info.Kind, decoded.Info.Name, err)
	}
	*c = Component{decoded.Info, parsed}
	return nil
}

// Catalog is what is known of components without their plugins.
type Catalog []Component

// Lookup returns what is known of a component and the schema of its configuration.
func (c Catalog) Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool) {
	for _, known := range c {
		if known.Info.Kind == kind && known.Info.Name == use {
			return known.Info, known.Schema, true
		}
	}
	return core.Info{}, nil, false
}

// Names lists the known components of a kind in alphabetical order.
func (c Catalog) Names(kind core.Kind) []string {
	var names []string
	for _, known := range c {
		if known.Info.Kind == kind {
			names = append(names, known.Info.Name)
		}
	}
	slices.Sort(names)
	return names
}
