//go:build race

package conformance

// slowness is how many times slower than usual everything may be: under the race
// detector, about ten times.
const slowness = 10
