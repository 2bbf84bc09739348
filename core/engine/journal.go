package engine

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Journal keeps the record of a run. Its methods are called concurrently for
// different trials; for one trial they are called in order, and its records
// have to keep that order. After a method has failed, the run stops. The
// methods have no context, because the record is also kept while the run is
// being interrupted.
type Journal interface {
	// BeginTrial records that a trial begins. It need not be durable on return;
	// RecordTurn and EndTrial make it durable.
	BeginTrial(t record.Trial, at time.Time) error
	// RecordTurn records a turn without its scores. It returns when the turn is
	// durable. The engine neither scores the turn nor sends the next one
	// before.
	RecordTurn(trialID string, t record.Turn) error
	// RecordScores records the scores of a recorded turn's reply. Like
	// BeginTrial, it need not be durable on return.
	RecordScores(trialID string, turn int, scores []record.Score) error
	// RecordHelperTurn records the message of a component or the strategy to a
	// helper for a begun trial, and its answer. It returns when they are
	// durable; the caller gets the answer afterwards.
	RecordHelperTurn(trialID string, t record.HelperTurn) error
	// RecordCall records a call and its answer, in a run whose calls are
	// recorded. Like BeginTrial, it need not be durable on return.
	RecordCall(trialID string, r record.RecordedCall) error
	// EndTrial records the outcome, and returns when it is durable. It is not
	// called for a trial that was interrupted.
	EndTrial(trialID string, r record.Result) error
}

// Resumer is a [Journal] that can return the trials recorded before the run was
// stopped. With any other Journal, every conversation begins again.
type Resumer interface {
	// Recorded returns the record of a trial that was begun before and has no
	// outcome; it is empty for any other trial. Unless BeginTrial is called for
	// the trial again, later records continue it.
	Recorded(ctx context.Context, trialID string) (record.RecordedTrial, error)
}
