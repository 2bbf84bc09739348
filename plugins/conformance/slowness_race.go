//go:build race

package conformance

// slowness is a factor on all time limits: the race detector makes programs
// about ten times slower.
const slowness = 10
