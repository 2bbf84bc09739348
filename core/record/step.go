package record

import "github.com/redteam-orchestrator/orchestrator/core"

// StepKind says what is done in a step.
type StepKind string

// The steps of a run. A run holds trials, a trial a start and turns, a turn
// everything else. What a component asks of a helper is a start and sends within
// its convert or score. Components are opened, and closed, in the run itself.
const (
	StepRun     StepKind = "run"
	StepTrial   StepKind = "trial"
	StepTurn    StepKind = "turn"
	StepConvert StepKind = "convert"
	// StepStart and StepSend are one request each: one that is made again is
	// another.
	StepStart StepKind = "start"
	StepSend  StepKind = "send"
	StepScore StepKind = "score"
)

// Step is one step of a run.
type Step struct {
	Kind StepKind
	// Name is the campaign's, the trial's ID, or the component's name in the
	// campaign; a turn has none.
	Name string
	// Attack is set for a trial.
	Attack string
	// Turn is the index of the turn, or of the first of those that are said in one
	// exchange.
	Turn int
	// Use is what the campaign writes after use: of the component that is called, and
	// Config its configuration, a JSON object with its secrets not filled in. Both are
	// empty where no component is called.
	Use    string
	Config []byte
	// Sent are the messages of a send.
	Sent []core.Message
}

// StepEnd is how a step ended.
type StepEnd struct {
	// Kind is that of the failure, "" where there is none. It is
	// [core.ErrorInterrupted] where a trial was.
	Kind core.ErrorKind
	// Replies are those to a send.
	Replies []core.Reply
	// Outcome is that of a trial.
	Outcome core.Outcome
	// Score is that of a scorer.
	Score core.Score
}
