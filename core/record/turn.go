package record

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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
	// Reply is nil where nothing of one arrived.
	Reply *core.Reply
	// Failure is why there was no whole reply, nil otherwise. With a Reply, which
	// ends as [core.FinishBroken] then, it is why that broke off; without one,
	// nothing had arrived.
	Failure *Failure
	// Scores are the judgements of this turn's reply. They are empty in a
	// turn that has just been answered, and where there was nothing to judge.
	// The replies to a user's message and to the results of the tools that it
	// set off are judged together: the scores are those of the last of their
	// turns.
	Scores []Score
}

// HelperTurn is one message that a strategy, a converter or a scorer sent to a
// target of the campaign in order to do its work for a trial, or that sets up or
// cleans up the attacked system, and the reply.
type HelperTurn struct {
	// Turn is the exchange. Its Index counts what was said to helpers for the
	// trial, from 0, and it has no Scores. Sent has no parts where the
	// conversation could not be started.
	Turn
	// Kind and By name who asked: a scorer, "leaked"; a strategy, "red_team", with
	// [core.KindStrategy]; or "before_trial" or "after_trial" with
	// [core.KindAttack].
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

// What asks helpers for an attack, in [HelperTurn.By] and [Call.By].
const (
	BeforeTrial = "before_trial"
	AfterTrial  = "after_trial"
)

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
