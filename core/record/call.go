package record

import "github.com/redteam-orchestrator/orchestrator/core"

// CallKind is what a [Call] asks for.
type CallKind string

// The kinds of calls.
const (
	// CallStart begins a conversation with a target.
	CallStart CallKind = "start"
	// CallSend sends messages in a conversation. It is one call however often it
	// was sent until the service took it.
	CallSend CallKind = "send"
	// CallEnd ends the trial's conversation.
	CallEnd CallKind = "end"
	// CallConvert has a converter work.
	CallConvert CallKind = "convert"
	// CallScore has a scorer work.
	CallScore CallKind = "score"
)

// callKinds lists every kind.
func callKinds() []CallKind {
	return []CallKind{CallStart, CallSend, CallEnd, CallConvert, CallScore}
}

// Call is what a trial asks of a component, or a component of a helper while it
// works for the trial. Which fields are set depends on its kind.
type Call struct {
	Kind CallKind
	// Name is the component's in the campaign.
	Name string
	// ByKind and By name the component that asks a helper; they are empty where
	// the trial itself asks.
	ByKind core.Kind
	By     string
	// Turn is the index of the trial's turn that the call is made for.
	Turn int
	// Conversation counts the trial's conversations with helpers, as that of
	// [HelperTurn] does.
	Conversation int

	// Start is what a conversation begins with, and Messages are what is sent in
	// it.
	Start    core.Start
	Messages []core.Message
	// Values are the one to be converted, or those to be judged.
	Values []core.Value
	// Objective is what a scorer is told of the attack, and Said the SHA-256 of
	// the conversation that it is told.
	Objective, Said string
}

// Answer is what came of a [Call].
type Answer struct {
	Replies []core.Reply
	Value   core.Value
	Score   core.Score
	// Warnings are what a converter warned of.
	Warnings []string
	// Err is why there is no answer, or why there are fewer replies than messages.
	Err error
	// Unsent says that nothing was sent, because nobody waited for it any more
	// when it could be, and Abandoned that nobody waited for what came of it.
	Unsent, Abandoned bool
}

// RecordedCall is a call with its answer, as it is kept: without secrets.
type RecordedCall struct {
	// Index counts the calls of a trial in the order in which they ended, from 0.
	Index  int
	Call   Call
	Answer Answer
}
