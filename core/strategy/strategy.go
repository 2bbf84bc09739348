package strategy

import (
	"bytes"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Turn is one message of the attacker.
type Turn struct {
	// Parts are the parts of the message, in order.
	Parts []Part
	// Delivery says how the message is to be sent.
	Delivery core.Delivery
}

// Part is one part of a turn.
type Part struct {
	// Value is the content before the converters.
	Value core.Value
	// Converters are the campaign's names, in the order in which they run.
	Converters []string
	// Background marks the campaign's own silence and noise: a listener need not hear
	// anything in it.
	Background bool
}

// Say returns a turn of one part.
func Say(v core.Value, converters ...string) Turn {
	return Turn{Parts: []Part{{Value: v, Converters: converters}}}
}

// Strategy chooses the attacker's turns.
type Strategy interface {
	// Next returns the step after the past. The same past always gives the same
	// step.
	//
	// The conversation may end with the user's message: then Next is asked for
	// a turn that is sent over the reply to it. A turn whose delivery does not
	// interrupt is not sent then: Next is asked again, with the reply.
	Next(p Past) Step
}

// Past is the input of a strategy. All of it is in the record of a trial.
type Past struct {
	// Said is the conversation with the target since the trial began, oldest
	// message first, without the system prompt and the campaign's history.
	Said []core.Message
	// Asked are the answers of the attacker's model, oldest first.
	Asked []Asked
}

// turns counts the user's turns. The results of tools are not turns.
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

// Step is the strategy's decision. At most one of its fields is set; where none
// is, nothing more is sent, over the reply in question or in the whole
// conversation.
type Step struct {
	// Say is the next turn.
	Say *Turn
	// Ask is a question to the attacker's model that has to be answered first.
	Ask *Question
	// Stopped says why the attacker ends the conversation early. The turns
	// until then are no proof of a defence.
	Stopped string
	// Failed is why the conversation cannot go on.
	Failed error
}

// Question is a question to the attacker's model, in a conversation of its own.
type Question struct {
	// By names the strategy.
	By string
	// Of is the model: a target of the campaign.
	Of           string
	SystemPrompt string
	Text         string
	// Turn is the index of the turn that it is for, and Try the index of the
	// question among those for that turn, both from 0. With the trial's seed
	// they identify the question.
	Turn, Try int
}

// Script sends the listed turns in order, regardless of the target's replies.
type Script []Turn

// HasBackground reports whether a sound, before its converters, is one of the
// script's own silences and noises.
func (s Script) HasBackground(v core.Value) bool {
	for _, turn := range s {
		for _, p := range turn.Parts {
			if p.Background && v.Modality == core.Audio && bytes.Equal(p.Value.Data, v.Data) {
				return true
			}
		}
	}
	return false
}

var _ Strategy = Script(nil)

// Next returns the turn after those that were sent.
func (s Script) Next(p Past) Step {
	said := p.turns()
	if said >= len(s) {
		return Step{}
	}
	return Step{Say: &s[said]}
}
