package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Kind says what a run is made of.
type Kind int

// The kinds of runs.
const (
	// New: a run of a campaign's file, from the beginning.
	New Kind = iota
	// Resume: the rest of a run that was stopped.
	Resume
	// Replay: a run by the record of another one, without plugins, network and secrets.
	Replay
	// Rescore: the recorded conversations of another run, judged again.
	Rescore
)

// Spec says what is carried out.
type Spec struct {
	Kind Kind
	// File is the campaign's file, of a New run and a Rescore.
	File string
	// From is the recorded run that is resumed, replayed or judged again.
	From store.Run
	// ID is that of a New run; "" leaves it to the store.
	ID string
	// Record keeps each call of a component, so that a New run can be replayed.
	Record bool
	// AllowChanged resumes a run although its campaign's file or a plugin has changed.
	AllowChanged bool
	// Baseline is the run to compare with afterwards, by its name on the command line;
	// "" leaves that to the campaign.
	Baseline string
	// Fallback is what a run is compared with where neither Baseline nor the campaign
	// says it; "" where it is not compared then.
	Fallback string
	// GoOn returns the command that goes on with a run which was stopped.
	GoOn func(run string) string
}
