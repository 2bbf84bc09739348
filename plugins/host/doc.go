// Package host finds, verifies, starts, supervises and stops plugins. A [Host]
// opens their components for the engine: what it returns implements
// core.Target, core.Converter or core.Scorer, and io.Closer.
//
// One process hosts all components of one plugin. It is started when one of
// them is needed, with a minimal environment, in a session of its own, behind
// mutual TLS. It is stopped within a bounded time, together with all processes
// that it has started.
//
// A process that dies is replaced when a component is needed again, after a
// pause and at most three times; so is one that is killed because it does not
// answer or exceeds the memory of its [Limits]. Open components are opened
// again in the next process. A call to a converter or scorer that was in
// progress is repeated once. Conversations end with the process: their calls
// fail with an error of kind unavailable that says how the process died, and no
// message is sent twice.
//
// Converters and scorers may use targets of the campaign ([Host.Using]): the
// host serves these to the plugin's process, and ties each request to the call
// of Convert or Score that it is made for. Calls from the host to a plugin are
// in target.go, converter.go, scorer.go and instance.go; calls from a plugin to
// the host are in modelserver.go and modelservice.go.
//
// Bundled components use the same path as third parties': the orchestrator
// starts its own program again as their plugin.
package host
