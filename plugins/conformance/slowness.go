//go:build !race

package conformance

// slowness is a factor on all time limits.
const slowness = 1
