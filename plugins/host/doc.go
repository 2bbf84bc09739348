// Package host finds, verifies, starts, supervises and stops plugins. A
// [Host] opens their components for the engine: what it returns implements
// core.Target, core.Converter or core.Scorer, and io.Closer.
//
// One process hosts all components of one plugin. It is started when something
// of it is needed, with a scrubbed environment, in a session of its own, behind
// mutual TLS; it is stopped within a bounded time, whatever it does, and with it
// everything that it has started.
//
// A process that dies is replaced when something of it is needed, after a pause
// and at most three times; so is one that is killed because it does not answer
// or uses more memory than its [Limits] allow. What was open in it is opened in
// the next one. Converters and scorers are asked once more what they were asked
// when it died. Conversations end with it: their calls fail with an error of
// kind unavailable that tells how it died, and nothing is sent twice.
//
// Converters and scorers may use targets of the campaign ([Host.Using]): the host
// serves these to the process of the plugin, and ties what is asked to the call of
// Convert or Score that it is asked for. Calls from the host to a plugin are in
// target.go, converter.go, scorer.go and instance.go; calls from a plugin to the
// host are in modelserver.go and modelservice.go.
//
// Bundled components and third parties' travel the same road: the former live
// in the orchestrator's own program, started again.
package host
