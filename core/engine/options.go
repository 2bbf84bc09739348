package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Options are the dependencies and settings of a run.
type Options struct {
	Components Components
	Recording  Recording
	Watchers   Watchers
	// Redactor is given every secret before a component is opened, and removes
	// secrets from everything that is recorded or observed. Nil redacts
	// nothing.
	Redactor *secret.Redactor
	// Done are the outcomes, by trial ID, of trials that already have one:
	// these are not run again, and count in the Summary's Tally.
	Done map[string]core.Outcome
	// Attempts are those at trials that were begun before and are not Done, by trial
	// ID.
	Attempts map[string]record.Attempts
	// Replayer, where not nil, is asked for the answer before each call.
	Replayer Replayer
}

// Components are the components of a run and their secrets.
type Components struct {
	// Opener returns what opens components. Converters and scorers may
	// use the campaign's targets by name, during calls to them and with the
	// context of those calls. An opened component is closed after the run if it
	// implements [io.Closer].
	Opener func(targets core.Targets) core.Opener
	// Secrets resolves the campaign's secret references.
	Secrets secret.Lookup
}

// Recording says how a run is recorded.
type Recording struct {
	// Begin begins the record. It is called once, when every component is open
	// and before anything is sent: a run that fails before leaves no record.
	Begin func(ctx context.Context) (Journal, error)
	// Calls has each call of a component recorded, with its answer.
	Calls bool
}

// Watchers receive the events of a run.
type Watchers struct {
	Observer Observer // may be nil
	Tracer   Tracer   // may be nil
}
