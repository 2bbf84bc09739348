package record

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Event is one of the types of this file. Secrets are removed from all of them.
type Event interface{ event() }

// RunStarted says that the record is begun, and that the first trial is next.
type RunStarted struct {
	Campaign string
	// Trials is how many the plan has, Done how many of them were held before.
	Trials, Done int
	// Selection is the part of the campaign that they are.
	Selection Selection
}

// RunEnded says that nothing is sent any more, and every component is closed. It
// comes once for each RunStarted.
type RunEnded struct {
	Summary Summary
	// Failure is what the recording failed with; nil where it did not.
	Failure *Failure
}

// Status says in a word how a run ended.
type Status string

// The ways in which a run ends.
const (
	// RunFinished: every trial has an outcome.
	RunFinished Status = "finished"
	// RunInterrupted: it was cancelled before that.
	RunInterrupted Status = "interrupted"
	// RunBounded: a bound of the campaign's scope stopped it.
	RunBounded Status = "bounded"
	// RunFailed: it could not be recorded any more.
	RunFailed Status = "failed"
)

// Status says how the run ended.
func (e RunEnded) Status() Status {
	switch {
	case e.Failure != nil:
		return RunFailed
	case e.Summary.Interrupted:
		return RunInterrupted
	case e.Summary.Stopped != "":
		return RunBounded
	}
	return RunFinished
}

// TrialStarted says that a trial's conversation is about to begin.
type TrialStarted struct {
	Trial TrialInfo
}

// TurnEnded says that a turn is over, recorded and scored.
type TurnEnded struct {
	Trial TrialInfo
	Turn  Turn
}

// ConverterEnded says that a converter was run for a turn, or for a scorer after it.
type ConverterEnded struct {
	Trial TrialInfo
	// Turn is the turn's index.
	Turn int
	// Name is the converter's in the campaign.
	Name string
	Took time.Duration
	// Failure is why it made nothing, nil otherwise.
	Failure *Failure
}

// ScorerEnded says that a scorer was asked about the reply to a turn.
type ScorerEnded struct {
	Trial TrialInfo
	// Turn is the turn's index.
	Turn  int
	Score Score
	Took  time.Duration
}

// HelperTurnEnded says that a component asked a helper for a trial, and that this
// is recorded.
type HelperTurnEnded struct {
	Trial TrialInfo
	Turn  HelperTurn
}

// TrialEnded says that a trial is over and recorded.
type TrialEnded struct {
	Trial  TrialInfo
	Result Result
	Took   time.Duration
	// More says that another attempt at the trial follows, which may change its
	// outcome.
	More bool
}

// TrialInterrupted says that a trial which had started gets no outcome in this
// run.
type TrialInterrupted struct {
	Trial TrialInfo
	Took  time.Duration
}

// PauseReason says why nothing is sent to a target for a time.
type PauseReason string

// The reasons for a pause.
const (
	// PauseAsked: the service has asked to be left alone for so long.
	PauseAsked PauseReason = "asked"
	// PauseUsedUp: the service says that nothing is left of one of its limits.
	PauseUsedUp PauseReason = "used_up"
	// PauseRefused: the service has refused a request because of its limits, and
	// did not say for how long.
	PauseRefused PauseReason = "refused"
	// PauseDown: the target cannot be reached, and is tried again after the pause.
	PauseDown PauseReason = "down"
)

// TargetPaused says that nothing is sent to a target for a time from now on. It may
// come again before that is over, with a later end.
type TargetPaused struct {
	// Target is its name in the campaign, as in the events that follow.
	Target string
	For    time.Duration
	Reason PauseReason
}

// TargetResumed says that a target's pause is over.
type TargetResumed struct{ Target string }

// TargetDown says that a target is taken to be down: its trials wait.
type TargetDown struct {
	Target string
	// Kind is that of the last request's error.
	Kind core.ErrorKind
}

// TargetUp says that a target which was down answers again.
type TargetUp struct {
	Target string
	// After is how long it was down.
	After time.Duration
}

// RequestRetried says that a request failed and is made again.
type RequestRetried struct {
	Target string
	// Start says that it begins a conversation; otherwise it sends a message.
	Start bool
	// Try counts the requests so far, from 1.
	Try int
	// Kind is that of the failed one's error.
	Kind core.ErrorKind
}

// BoundReached says that a bound of the campaign's scope has stopped the run.
type BoundReached struct {
	// Why names the bound and what was used.
	Why string
}

// Warning is something that a user should know and that changes no outcome.
type Warning struct {
	// Trial is the zero value where the warning concerns the run.
	Trial   TrialInfo
	Message string
}

func (RunStarted) event() {}
func (RunEnded) event()   {}

func (TrialStarted) event() {}
func (TurnEnded) event()    {}

func (ConverterEnded) event() {}
func (ScorerEnded) event()    {}

func (HelperTurnEnded) event() {}
func (TrialEnded) event()      {}

func (TrialInterrupted) event() {}
func (TargetPaused) event()     {}
func (TargetResumed) event()    {}

func (TargetDown) event() {}
func (TargetUp) event()   {}

func (RequestRetried) event() {}
func (BoundReached) event()   {}

func (Warning) event() {}

// Summary is what a run came to.
type Summary struct {
	// Planned counts the plan's trials, Tally those that have an outcome. Usage
	// and Duration leave out those that were held before.
	Planned  int
	Tally    stats.Tally
	Usage    core.Usage
	Duration time.Duration
	// Interrupted says that the run was cancelled before every trial had an
	// outcome.
	Interrupted bool
	// Stopped says what ended the run before every trial had an outcome: of a bound
	// of the campaign's scope, which, and what the run used. It is empty where
	// nothing is known to have.
	Stopped string
}
