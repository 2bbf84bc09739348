package record

import (
	"errors"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// TrialInfo says which trial of a run something happened in.
type TrialInfo struct {
	// ID is the attack's name, then target, variant, row and number where the
	// attack has several of them, such as "polite/phone/row-2/7".
	ID      string
	Attack  string
	Variant string
	// Row counts from 1; 0 where the attack is not repeated for rows.
	Row int
	// Number counts from 1 within attack, target, variant and row.
	Number int
	// Target is the name of the system under test in the campaign.
	Target string
	// Attempt is the number of the attempt at the trial, from 1; 0 where it is not
	// known.
	Attempt int
}

// Attempts counts the attempts at a trial so far: those that were begun, and of these
// those that have an outcome.
type Attempts struct{ Begun, Held int }

// Trial is a trial as it is kept when it begins: secrets removed. Its turns are
// kept as they are sent.
type Trial struct {
	TrialInfo
	// Seed feeds every random choice of the trial.
	Seed uint64
	// Ordinal is the trial's place in the plan, from 0.
	Ordinal      int
	Objective    string
	SystemPrompt string
	// History is what had been said before the first turn.
	History []core.Message
	// Success is the success expression as the campaign writes it; "" for none.
	Success string
	// StopOn says when a conversation ends early, in the campaign's words.
	StopOn string
}

// RecordedTrial is what is kept of a trial that was begun and has no outcome: its
// turns, with their scores, and what was asked of helpers.
type RecordedTrial struct {
	Turns  []Turn
	Helped []HelperTurn
	// Calls counts the calls that were recorded.
	Calls int
}

// Result is how a trial ended.
type Result struct {
	Outcome core.Outcome
	// Reason is one sentence for people.
	Reason string
	Ended  time.Time
	Turns  int
	// Decided is the index of the turn that decided the outcome: the first
	// one for which success held, the first one that left it open, or the
	// last one. It is -1 where there was no turn.
	Decided int
	// Scores are the judgements of that turn's reply.
	Scores []Score
	Usage  core.Usage
	// Failure is set where the outcome is errored, and where a conversation, or a
	// request after it, failed after its objective had been reached.
	Failure *Failure
}

// Failure is an error as it is kept: secrets removed.
type Failure struct {
	Kind core.ErrorKind `json:"kind"`
	// Subject is what the error speaks of, "" where its kind implies that: see
	// [core.ImpliedSubject].
	Subject core.ErrorSubject `json:"subject,omitempty"`
	Message string            `json:"message"`
	Hint    string            `json:"hint,omitempty"`
}

// FailureOf returns an error as it is kept. Secrets in its texts stay.
func FailureOf(err error) *Failure {
	return &Failure{Kind: core.KindOf(err), Subject: explicitSubject(err, 0), Message: err.Error(), Hint: core.HintOf(err)}
}

// explicitSubject returns what an error speaks of, or "" where that is implied by
// what else is kept of it.
func explicitSubject(err error, retryAfter time.Duration) core.ErrorSubject {
	subject := core.SubjectOf(err)
	if subject == core.ImpliedSubject(core.KindOf(err), retryAfter) {
		return ""
	}
	return subject
}

// Err returns the error that a failure is the record of.
func (f *Failure) Err() error {
	return &core.Error{Kind: f.Kind, Subject: f.Subject, Hint: f.Hint, Err: errors.New(f.Message)}
}

// KindOf returns the kind of a failure, "" for nil.
func KindOf(f *Failure) core.ErrorKind {
	if f == nil {
		return ""
	}
	return f.Kind
}
