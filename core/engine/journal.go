package engine

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// Journal keeps what a run does. Each method returns only when what it was
// given is durable: the engine sends the next turn only after RecordTurn has
// returned. Its methods are called concurrently, for different trials.
type Journal interface {
	BeginTrial(ctx context.Context, t plan.Trial, at time.Time) error
	RecordTurn(ctx context.Context, trialID string, t Turn) error
	EndTrial(ctx context.Context, trialID string, r Result) error
}

// Turn is one exchange as it took place.
type Turn struct {
	// Index counts from 0.
	Index   int
	Started time.Time
	Ended   time.Time
	// Sent is the user's message, each part with its original and its
	// converted value. It is as far as the converters came where one failed.
	Sent core.Message
	// Reply is nil where there was none.
	Reply *core.Reply
	// Failure is why there was no reply, nil otherwise.
	Failure *Failure
	// Scores are the judgements of this turn's reply; empty where the attack
	// scores only at the end.
	Scores []Score
}

// Score is a judgement under the scorer's name in the campaign.
type Score struct {
	Name string
	core.Score
	// Failure is why the scorer could not judge, nil otherwise.
	Failure *Failure
	// Judged are the values that the scorer was given, after via:.
	Judged []core.Value
}

// Failure is an error as it is kept: secrets removed.
type Failure struct {
	Kind    core.ErrorKind `json:"kind"`
	Message string         `json:"message"`
	Hint    string         `json:"hint,omitempty"`
}

// Result is how a trial ended.
type Result struct {
	Outcome core.Outcome
	// Reason is one sentence for people.
	Reason string
	Ended  time.Time
	Turns  int
	Scores []Score
	Usage  core.Usage
	// Failure is set where the outcome is errored, and where a conversation
	// failed after its objective had been reached.
	Failure *Failure
}
