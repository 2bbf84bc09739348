// Package schedule decides when campaigns run: which runs are due, and which of
// these begin, are skipped, cancelled or buffered. [Decide] is that policy, and
// pure; [Scheduler] applies it with a store, so that a due campaign runs once,
// even if the process dies.
package schedule
