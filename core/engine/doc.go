// Package engine carries out a plan: it opens the components, holds the trials
// concurrently, keeps each turn before it sends the next, has the replies
// scored and decides each trial's outcome. It sees components only through
// package core and owns the small interfaces it needs.
//
// # The way through it
//
// [Run] opens the components and has workers take trials from a queue. A trial
// repeats, until the conversation is over: the attacker chooses what is said
// (attacker.go), converters make the messages (convert.go), the conversation sends
// them and records the turns (conversation.go), scorers look at the replies (score.go),
// and judge.go says what they prove. Below these are who makes the calls of components
// (component_runner.go, caller.go), what they ask of helpers (helper.go), and the
// recorder (recorder.go), the only one who writes to the [Journal]. No file refers to one
// that stands above it on this way.
//
// # Limits
//
// Whatever is sent to a target passes its [limit.Client]: trials, helpers and what is
// sent again are held to its limits together. A message is sent again only if the
// service refused it because of its limits; one that may have been heard never is.
//
// # Outcomes
//
// Every reply is scored, and the attack's success expression is evaluated over
// that reply's scores. Succeeded means that it held for some reply, even if
// the conversation failed afterwards. Errored means that the conversation
// could not be held to its end. Defended needs proof: every turn took place,
// every reply was whole ([core.Finish.Conclusive]) and had something to judge,
// and the expression was false for each of them. Everything else is
// Undetermined. What stop_on: decides is when a conversation ends, never which
// replies count.
//
// A reply that broke off can prove success, and nothing else. It is recorded with what
// had arrived and why it broke off, and scored; unless success held in it, the trial is
// errored. Nothing is sent again once something has arrived.
//
// A reply that the campaign's own next turn was said over is judged as it is:
// there is no more of it. One that was interrupted otherwise is not whole.
//
// A target that calls tools which the campaign answers goes on in turns of its
// own. Its replies, from the one to the user's turn on, are judged together:
// what it says at the end rests on what it did before.
//
// A scorer whose helper (a target of the campaign that it asks) did not answer its
// last question leaves its score unknown, whatever it says; a converter's failure
// with a helper is that of the turn.
//
// A reply that the provider's content filter blocked and that holds nothing at
// all is an answer: the objective was not reached in it, and the scorers are
// not asked.
package engine
