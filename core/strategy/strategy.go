package strategy

import "github.com/redteam-orchestrator/orchestrator/core"

// Turn is what the attacker says next.
type Turn struct {
	// Value is what is said, before the converters.
	Value core.Value
	// Converters are the campaign's names, in the order in which they run.
	Converters []string
}

// Strategy chooses the attacker's turns.
type Strategy interface {
	// Next returns the turn that follows the history: the conversation so
	// far, oldest message first, without a system prompt. It returns false
	// where the attacker has nothing more to say. The same history always
	// gives the same turn.
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
