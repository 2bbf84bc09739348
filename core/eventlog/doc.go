// Package eventlog writes what happens in a run to a file, one JSON object a line,
// for programs that watch runs. docs/observability.md says what each field means;
// fields are added, and none changes its meaning, within one version.
//
// The log is not the record: what was said is in the store, and here only where the
// user asks for it. A log that cannot be written is a loud warning, and the run goes
// on.
package eventlog
