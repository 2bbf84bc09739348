package plan

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Definition identifies a named component of a campaign by kind and name.
type Definition struct {
	Kind core.Kind
	Name string
}

// String formats a definition as in problems: target "agent".
func (d Definition) String() string { return fmt.Sprintf("%s %q", d.Kind, d.Name) }

// Component is a named use of a plugin's component.
type Component struct {
	Name string
	// Use is the component's name, such as "realtime" or "acme/ivr".
	Use string
	// Config is a JSON object; references to secrets are not resolved.
	Config []byte
	// Plain are the hosts, HOST:PORT, that it speaks to in the clear. The list is
	// sorted, and without duplicates.
	Plain []string
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
	// On selects the modality to judge in the reply.
	On core.Modality
	// AsText says that what is judged is given as text.
	AsText bool
	// Via names converters that are applied to each selected value first.
	Via []string
}
