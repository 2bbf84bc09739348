package engine

import (
	"context"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// Journal keeps what a run does. Its methods are called concurrently, for
// different trials; for one trial they are called in order, and what they were
// given is kept in that order. After a method has failed, the run stops.
type Journal interface {
	// BeginTrial notes that a trial begins; ordinal is its place in the plan.
	// There are no secrets in the trial's objective, system prompt and history.
	// It need not wait until that is durable; RecordTurn and EndTrial make it
	// so.
	BeginTrial(ctx context.Context, t *plan.Trial, ordinal int, at time.Time) error
	// RecordTurn keeps a turn, without its scores. It returns only when the
	// turn is durable: the engine neither scores it nor sends the next one
	// before.
	RecordTurn(ctx context.Context, trialID string, t Turn) error
	// RecordScores keeps the judgements of a recorded turn's reply. It need
	// not wait, like BeginTrial.
	RecordScores(ctx context.Context, trialID string, turn int, scores []Score) error
	// RecordHelperTurn keeps what a component or the strategy said to a helper for
	// a trial that has begun, and what it answered. It returns only when that is
	// durable: who asked does not learn of the answer before.
	RecordHelperTurn(ctx context.Context, trialID string, t HelperTurn) error
	// RecordCall keeps a call and its answer, in a run whose calls are recorded. It
	// need not wait, like BeginTrial.
	RecordCall(ctx context.Context, trialID string, r Recorded) error
	// EndTrial keeps the outcome, and returns when it is durable. A trial that
	// was interrupted has no outcome and is not ended.
	EndTrial(ctx context.Context, trialID string, r Result) error
}

// Begun is what is recorded of a trial: its turns, with their scores, and what was
// asked of helpers.
type Begun struct {
	Turns  []Turn
	Helped []HelperTurn
}

// Recaller is a [Journal] that knows what was kept of trials before the run was
// stopped. Without it, every conversation begins again.
type Recaller interface {
	// Recorded returns what is kept of a trial that was begun before and has no
	// outcome; it is empty for any other. Unless the trial is begun again, what is
	// recorded from then on follows it.
	Recorded(ctx context.Context, trialID string) (Begun, error)
}

// ErrorInterrupted is the kind of the [Failure] of a turn whose reply was not
// waited for, because the run was interrupted, or because the component gave up
// that had asked a helper.
const ErrorInterrupted core.ErrorKind = "interrupted"

// Turn is one message and its reply as they took place. Turns that were said
// over the reply to the one before have the same times: those of the exchange.
type Turn struct {
	// Index counts from 0.
	Index   int
	Started time.Time
	Ended   time.Time
	// Sent is the user's message, each part with its original and its
	// converted value, or, in the role of a tool, what the campaign answered
	// when the target called one. It is as far as the converters came where
	// one failed.
	Sent core.Message
	// Reply is nil where there was none.
	Reply *core.Reply
	// Failure is why there was no reply, nil otherwise.
	Failure *Failure
	// Scores are the judgements of this turn's reply. They are empty in a
	// turn handed to a Journal, which gets them later, and where there was
	// nothing to judge. The replies to a user's message and to the results of
	// the tools that it set off are judged together: the scores are those of
	// the last of their turns.
	Scores []Score
}

// HelperTurn is one message that a strategy, a converter or a scorer sent to a
// target of the campaign in order to do its work for a trial, and the reply.
type HelperTurn struct {
	// Turn is the exchange. Its Index counts what was said to helpers for the
	// trial, from 0, and it has no Scores. Sent has no parts where the
	// conversation could not be started.
	Turn
	// Kind and By name who asked: a scorer, "leaked"; or a strategy, "red_team",
	// with [KindStrategy].
	Kind core.Kind
	By   string
	// For is the index of the trial's turn that it worked for: the one that is
	// about to be sent, or whose reply is judged.
	For int
	// Target is the helper's name in the campaign.
	Target string
	// Conversation counts the conversations with helpers of the trial, from 0.
	Conversation int
	// Start is what the conversation began with. It is set in its first turn
	// only.
	Start core.Start
}

// Score is a judgement under the scorer's name in the campaign.
type Score struct {
	Name string
	core.Score
	// Failure is why the scorer could not judge, nil otherwise.
	Failure *Failure
	// Judged are the values that the scorer was given, after via:. It is as
	// far as the converters came where one failed.
	Judged []core.Value
}

// Failure is an error as it is kept: secrets removed.
type Failure struct {
	Kind    core.ErrorKind `json:"kind"`
	Message string         `json:"message"`
	Hint    string         `json:"hint,omitempty"`
}

// kind is "" for none.
func (f *Failure) kind() core.ErrorKind {
	if f == nil {
		return ""
	}
	return f.Kind
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
	// Failure is set where the outcome is errored, and where a conversation
	// failed after its objective had been reached.
	Failure *Failure
}
