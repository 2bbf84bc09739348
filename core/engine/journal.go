package engine

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Journal keeps what a run does. Its methods are called concurrently, for
// different trials; for one trial they are called in order, and what they were
// given is kept in that order. After a method has failed, the run stops. What has
// happened is kept also while the run is being interrupted: no method can be
// cancelled.
type Journal interface {
	// BeginTrial notes that a trial begins. It need not wait until that is
	// durable; RecordTurn and EndTrial make it so.
	BeginTrial(t record.Trial, at time.Time) error
	// RecordTurn keeps a turn, without its scores. It returns only when the
	// turn is durable: the engine neither scores it nor sends the next one
	// before.
	RecordTurn(trialID string, t record.Turn) error
	// RecordScores keeps the judgements of a recorded turn's reply. It need
	// not wait, like BeginTrial.
	RecordScores(trialID string, turn int, scores []record.Score) error
	// RecordHelperTurn keeps what a component or the strategy said to a helper for
	// a trial that has begun, and what it answered. It returns only when that is
	// durable: who asked does not learn of the answer before.
	RecordHelperTurn(trialID string, t record.HelperTurn) error
	// RecordCall keeps a call and its answer, in a run whose calls are recorded. It
	// need not wait, like BeginTrial.
	RecordCall(trialID string, r record.RecordedCall) error
	// EndTrial keeps the outcome, and returns when it is durable. A trial that
	// was interrupted has no outcome and is not ended.
	EndTrial(trialID string, r record.Result) error
}

// Resumer is a [Journal] that knows what was kept of trials before the run was
// stopped. Without it, every conversation begins again.
type Resumer interface {
	// Recorded returns what is kept of a trial that was begun before and has no
	// outcome; it is empty for any other. Unless the trial is begun again, what is
	// recorded from then on follows it.
	Recorded(ctx context.Context, trialID string) (record.RecordedTrial, error)
}
