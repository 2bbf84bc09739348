// Package stats counts outcomes and computes attack success rates, their confidence
// intervals and tests of whether two rates differ. It has no state and does no I/O.
// Every rate that is shown or written comes from this package.
package stats
