// Package metrics counts what the runs of a process do, for Prometheus. A [Metrics]
// is an HTTP handler for its scrapes, and has an observer for each run.
//
// Labels are names from campaign files and words of this program, and bounded in
// number: nothing that was said is in them, and no secret.
package metrics
