// Package app runs campaigns. [Runner.Run] loads a campaign, chooses and starts
// its plugins, plans the trials, permits the plugins what the plan needs, runs
// and records the trials, and returns the outcome. A [Spec] names the campaign,
// and says whether the run is new or made from the record of another one.
//
// The package does not know the command line, exit codes or the form of the
// output: a [Reporter] receives the results. It does not use the state of the
// process: files, the environment and the clock are passed to it, so that
// another program than orchestrator can run campaigns. Hints of errors name the
// flags of orchestrator.
package app
