package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Options are what a run needs from its surroundings.
type Options struct {
	Components Components
	Recording  Recording
	Watchers   Watchers
	// Redactor learns every secret before a component is opened, and removes
	// it from all that is recorded or observed. Nil redacts nothing.
	Redactor *secret.Redactor
	// Done are the outcomes, by trial ID, of trials that were held before: they
	// are not held again, and count in the Summary's Tally.
	Done map[string]core.Outcome
	// Replayer, where not nil, is asked for what came of each call before it is made.
	Replayer Replayer
}

// Components are what a run may use.
type Components struct {
	// Resolver returns what opens the components. Converters and scorers may use
	// the targets, which are those of the campaign under their names there: in
	// the calls that are made to them, and with the context of those calls.
	// What it opens is closed after the run if it implements [io.Closer].
	Resolver func(targets core.Targets) core.Opener
	// Secrets finds the secrets that the campaign refers to.
	Secrets secret.Lookup
}

// Recording says who keeps a run.
type Recording struct {
	// Begin begins the record. It is called once every component is open, and
	// before anything is sent: a run that cannot begin leaves no record.
	Begin func(ctx context.Context) (Journal, error)
	// Calls has each call of a component recorded, with its answer.
	Calls bool
}

// Watchers are told of a run.
type Watchers struct {
	Observer Observer // may be nil
	Tracer   Tracer   // may be nil
}
