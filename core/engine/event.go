package engine

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// Observer is told what happens, for progress and logs.
type Observer interface {
	// Observe is called from many goroutines, and the trial waits for it: it
	// has to be quick. It must not modify what it is given.
	Observe(e Event)
}

// Event is one of [TrialStarted], [TurnEnded], [TrialEnded] and [Warning].
// Secrets are removed from all of them.
type Event interface{ event() }

// TrialStarted says that a trial's conversation is about to begin.
type TrialStarted struct {
	Trial *plan.Trial
	At    time.Time
}

// TurnEnded says that a turn is over, recorded and scored.
type TurnEnded struct {
	Trial *plan.Trial
	Turn  Turn
}

// TrialEnded says that a trial is over and recorded. An interrupted trial has
// no such event.
type TrialEnded struct {
	Trial  *plan.Trial
	Result Result
}

// Warning is something that a user should know and that changes no outcome.
type Warning struct {
	// Trial is nil where the warning concerns the run.
	Trial   *plan.Trial
	Message string
}

func (TrialStarted) event() {}
func (TurnEnded) event()    {}
func (TrialEnded) event()   {}
func (Warning) event()      {}
