package strategy

import "github.com/redteam-orchestrator/orchestrator/core"

// Turn is what the attacker says next.
type Turn struct {
	// Parts are what is said, in order.
	Parts []Part
	// Delivery says how it is to reach the target.
	Delivery core.Delivery
}

// Part is one part of a turn.
type Part struct {
	// Value is what is said, before the converters.
	Value core.Value
	// Converters are the campaign's names, in the order in which they run.
	Converters []string
}

// Say returns a turn of one part.
func Say(v core.Value, converters ...string) Turn {
	return Turn{Parts: []Part{{Value: v, Converters: converters}}}
}

// Strategy chooses the attacker's turns.
type Strategy interface {
	// Next returns what follows the past. The same past always gives the same
	// step.
	//
	// What has been said may end with the user's message: then Next is asked
	// what is said over the reply to it. A turn whose delivery does not interrupt
	// is not said then: it is asked for again, with the reply.
	Next(p Past) Step
}

// Past is what a strategy goes by. All of it is in the record of a trial.
type Past struct {
	// Said is the conversation with the target since the trial began, oldest
	// message first: without a system prompt and the campaign's history.
	Said []core.Message
	// Asked is what the attacker's model has answered, oldest first.
	Asked []Asked
}

// turns counts what the user has said. The results of tools are no turns.
func (p Past) turns() int {
	n := 0
	for _, m := range p.Said {
		if m.Role == core.User {
			n++
		}
	}
	return n
}

// Asked is an answer of the attacker's model.
type Asked struct {
	// Turn is the turn that it was asked for; see [Question].
	Turn  int
	Reply core.Reply
}

// Step is what comes next. At most one of its fields is set; where none is, nothing
// more is said, over the reply that is asked about or in the whole conversation.
type Step struct {
	// Say is the next turn.
	Say *Turn
	// Ask is what the attacker's model is to be asked before it can be said what
	// is next.
	Ask *Question
	// Stopped says why the attacker gives up before it has said all that it was
	// to. What was said until then proves no defence.
	Stopped string
	// Failed is why the conversation cannot go on.
	Failed error
}

// Question is what is asked of the attacker's model, in a conversation of its own.
type Question struct {
	// By names the strategy.
	By string
	// Of is the model: a target of the campaign.
	Of           string
	SystemPrompt string
	Text         string
	// Turn is the user's turn that it is asked for, and Try the question's place
	// among those for that turn. Both count from 0; with the trial's seed they tell
	// it from every other question.
	Turn, Try int
}

// Script says the listed turns in order, whatever the target answers.
type Script []Turn

var _ Strategy = Script(nil)

// Next returns the turn after those that have been said.
func (s Script) Next(p Past) Step {
	said := p.turns()
	if said >= len(s) {
		return Step{}
	}
	return Step{Say: &s[said]}
}
