package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// Tracer follows a run step by step. Other than an [Observer], it is told when a
// step begins, and what is done in the step gets the context that it returns: so
// the processes of plugins can be told which step they work for.
type Tracer interface {
	// Begin begins a step within the one of the context. end is called once, when
	// the step is over. Both are called from many goroutines and have to be quick.
	// What they are given is not to be modified, and may hold secrets.
	Begin(ctx context.Context, s Step) (within context.Context, end func(StepEnd))
}

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
	// Component is what is called, or the zero value.
	Component campaign.Component
	// Sent are the messages of a send.
	Sent []core.Message
}

// StepEnd is how a step ended.
type StepEnd struct {
	// Kind is that of the failure, "" where there is none. It is
	// [ErrorInterrupted] where a trial was.
	Kind core.ErrorKind
	// Replies are those to a send.
	Replies []core.Reply
	// Outcome is that of a trial.
	Outcome core.Outcome
	// Score is that of a scorer.
	Score core.Score
	// Usage is that of a run or a trial. Those of a send are in its replies.
	Usage core.Usage
}

// step begins a step, if anybody follows the run.
func (r *run) step(ctx context.Context, s Step) (context.Context, func(StepEnd)) {
	if r.Tracer == nil {
		return ctx, func(StepEnd) {}
	}
	return r.Tracer.Begin(ctx, s)
}

// kindOf is the kind of an error, "" where there is none.
func kindOf(err error) core.ErrorKind {
	if err == nil {
		return ""
	}
	return core.KindOf(err)
}
