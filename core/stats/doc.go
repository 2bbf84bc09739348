// Package stats is the arithmetic of evidence: counts of outcomes, rates, their
// confidence intervals, and whether two of them differ. It is pure; whoever
// shows a rate takes it from here, so that no report divides on its own.
package stats
