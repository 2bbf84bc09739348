// Package agent is the agent behind the practice target: the telephone line of
// Harbour Savings, a bank that does not exist. It is weak on purpose. It refuses to
// tell its vault code, except to a caller who claims to be the branch manager in
// one turn and presses for the code as an emergency in a later one.
//
// Its answers come from a table of phrases, not from a model: the same conversation
// always gets the same answers, so that it can be used in tests. Speech is real: it
// is transcribed by pocketsphinx and synthesised by flite. Start with [New].
//
// An agent can also play the attacker or the judge of an adaptive attack: see
// [Role].
package agent
