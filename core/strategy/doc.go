// Package strategy decides what the attacker says next. A strategy is a pure
// function of what has been said so far, and of what was asked of the attacker's
// model and answered by it: it sends nothing, waits for nothing and keeps nothing,
// so that a conversation can be explained, and taken up again, from its record.
package strategy
