// Package engine runs a plan: it opens the components, holds the trials
// concurrently, records each turn before it sends the next, has the replies
// scored and decides each trial's outcome. It calls components only through
// package core, and defines the small interfaces that it needs.
//
// # Files
//
// [Run] opens the components and starts workers that take trials from a queue.
// A trial repeats, until the conversation is over: the attacker chooses the
// message (attacker.go), converters make it (convert.go), the conversation
// sends it and records the turn (conversation.go), scorers score the reply
// (score.go), and judge.go derives the verdict. These use the callers of
// components (component_runner.go, caller.go), the helpers of components
// (helper.go), and the recorder (recorder.go), the only one that writes to the
// [Journal]. No file refers to one that is named before it. [Greet] (contact.go)
// sends one message to each target by the same road, without a record.
//
// # Limits
//
// All requests to a target pass its [limit.Client]: those of trials and
// helpers, and repeated ones, share its limits. A message is sent again only if
// the service refused it because of its limits; one that may have arrived is
// never sent again.
//
// # Outcomes
//
// Every reply is scored, and the attack's success expression is evaluated over
// that reply's scores. Succeeded means that it held for some reply, even if the
// conversation failed afterwards. Errored means that the conversation could not
// be completed. Defended needs proof: every turn took place, every reply was
// complete ([core.Finish.Conclusive]) and had something to judge, and the
// expression was false for each of them. Everything else is Undetermined.
// stop_on: decides when a conversation ends, never which replies count.
//
// A reply that broke off can prove success, and nothing else. It is recorded
// and scored with the part that had arrived and the reason; unless success held
// in it, the trial is errored. Nothing is sent again once a part of the reply
// has arrived.
//
// A reply that the campaign's own next turn interrupted is judged as it is,
// because it has no rest. A reply that was interrupted otherwise is not
// complete.
//
// A target that calls tools which the campaign answers goes on in turns of its
// own. Its replies, from the one to the user's turn on, are judged together,
// because the last one depends on the earlier ones.
//
// A scorer whose helper (a target of the campaign that it asks) did not answer
// its last question leaves its score unknown, regardless of the score that it
// returns; a converter's failure with a helper is that of the turn.
//
// An empty reply that the provider's content filter blocked is an answer: the
// objective was not reached in it, and the scorers are not called.
package engine
