// Package strategy decides the attacker's next message. A strategy is a pure
// function of the conversation so far and of the answers of the attacker's
// model: it does no input or output and has no state, so that a conversation
// can be explained and resumed from its record.
package strategy
