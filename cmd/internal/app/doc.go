// Package app carries campaigns out. A [Runner] does it in one method: it loads a
// campaign, chooses its plugins, starts them, plans the trials, permits the plugins what
// the plan needs, runs the trials into a record and says what came of them. A [Spec] says
// which campaign, and whether the run is new or made from the record of another one.
//
// The package knows no command line, no exit codes and nothing of what the results look
// like: a [Reporter] is told of them. Nor does it reach the process that it is part of:
// files, the environment and the clock are given to it. So a program other than
// orchestrator can carry trials out, too. Hints of errors name the flags of orchestrator.
package app
