package plan

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
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
	Limits Limits
}

// Limits bound the use of one target, for all trials together.
type Limits struct {
	// Concurrency is how many conversations trials hold at a time, and how many
	// messages are being answered at a time, those of converters and scorers
	// included.
	Concurrency int
	// Timeout bounds the wait for one reply.
	Timeout time.Duration
	// RequestsPerMinute and TokensPerMinute are how much may be sent to the target,
	// and for tokens answered, in a minute; 0 leaves that to what the service bears.
	RequestsPerMinute int
	TokensPerMinute   int
	// Retries is how often the start of a conversation is tried again that failed
	// because the target could not be reached. With 0 nothing is sent again, not even
	// what the service refused because of its limits.
	Retries int
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
