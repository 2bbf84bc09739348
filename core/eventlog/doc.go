// Package eventlog writes the events of a run to a file, one JSON object a
// line, for programs that monitor runs. docs/observability.md defines the
// fields; within one version fields are added, and none changes its meaning.
//
// The log is not the record: the store holds the content of conversations, and
// the log only if the user enables that. If the log cannot be written, there is
// a warning and the run goes on.
package eventlog
