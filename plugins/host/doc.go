// Package host finds, verifies, starts, supervises and stops plugins. A
// [Host] opens their components for the engine: what it returns implements
// core.Target, core.Converter or core.Scorer, and io.Closer.
//
// One process hosts all components of one plugin. It is started when something
// of it is needed, with a scrubbed environment, in a process group of its own,
// behind mutual TLS; it is stopped within a bounded time, whatever it does. A
// process that died is replaced when something of it is opened again; what was
// open in it fails with an error of kind unavailable that tells how it died.
//
// Converters and scorers may use targets of the campaign ([Host.Using]): the host
// serves these to the process of the plugin, and ties what is asked to the call of
// Convert or Score that it is asked for.
//
// Bundled components and third parties' travel the same road: the former live
// in the orchestrator's own program, started again.
package host
