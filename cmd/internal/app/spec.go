package app

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Kind is the kind of a run.
type Kind int

// The kinds of runs.
const (
	// New: a run of a campaign's file.
	New Kind = iota
	// Resume: the rest of a run that was stopped.
	Resume
	// Replay: a run from the record of another one, without plugins, network
	// and secrets.
	Replay
	// Rescore: the recorded conversations of another run, judged again.
	Rescore
)

// Spec says what to run.
type Spec struct {
	Kind Kind
	// File is the campaign's file, of a New run and a Rescore.
	File string
	// From is the recorded run that is resumed, replayed or judged again.
	From store.Run
	// ID is that of a New run; "" has the store generate one.
	ID string
	// Record records each call of a component, so that a New run can be
	// replayed.
	Record bool
	// Selection is the part of the campaign that a New run holds.
	Selection record.Selection
	// Again are the outcomes of the trials that a Resume holds again, errored or
	// undetermined; with none it holds those without an outcome only.
	Again []core.Outcome
	// AllowChanged resumes a run even if its campaign's file or a plugin has
	// changed.
	AllowChanged bool
	// Baseline is the run to compare with, as named on the command line; ""
	// uses the campaign's.
	Baseline string
	// Fallback is the baseline where neither Baseline nor the campaign names
	// one; "" for none.
	Fallback string
	// GoOn returns the command that resumes a run.
	GoOn func(run string) string
}
