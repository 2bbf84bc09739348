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
	// Next returns the turn that follows the history: the conversation so
	// far, oldest message first, without a system prompt. It returns false
	// where the attacker has nothing more to say. The same history always
	// gives the same turn.
	//
	// A history that ends with the user's message asks what is said over the
	// reply to it. A turn whose delivery does not interrupt is not said then:
	// it is asked for again, with the reply.
	Next(history []core.Message) (Turn, bool)
}

// Script says the listed turns in order, whatever the target answers.
type Script []Turn

var _ Strategy = Script(nil)

// Next returns the turn after those that the history already holds.
func (s Script) Next(history []core.Message) (Turn, bool) {
	said := 0
	for _, m := range history {
		if m.Role == core.User {
			said++
		}
	}
	if said >= len(s) {
		return Turn{}, false
	}
	return s[said], true
}
