package plan

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Definition is what a campaign calls a component: the kind and the name of its
// own that it gives it.
type Definition struct {
	Kind core.Kind
	Name string
}

// String names a definition as problems do: target "agent".
func (d Definition) String() string { return fmt.Sprintf("%s %q", d.Kind, d.Name) }

// Component is a use of a plugin's component under a name of the campaign's.
type Component struct {
	Name string
	// Use is the component's name, such as "realtime" or "acme/ivr".
	Use string
	// Config is a JSON object; references to secrets are not resolved.
	Config []byte
}

// Target is a named target.
type Target struct {
	Component
	Limits scope.Limits
}

// Converter is a named converter.
type Converter struct{ Component }

// Scorer is a named scorer.
type Scorer struct {
	Component
	// On selects the parts of the reply to judge.
	On core.Modality
	// Via names converters that each selected value goes through first.
	Via []string
}
