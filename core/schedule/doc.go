// Package schedule says when campaigns run: what is due, and what is begun, left
// out, cancelled or kept waiting. [Decide] is that policy, and pure; [Scheduler]
// applies it with a store, so that a campaign that is due runs once, whatever
// happens to the process.
package schedule
